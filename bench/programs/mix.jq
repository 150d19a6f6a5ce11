# Grouping, sorting, string operations and arithmetic over an array of records.
[.[] | select(.active) | . + {domain: (.email | split("@")[1]), initial: (.name[0:1] | ascii_upcase)}]
| group_by(.domain)
| map({domain: .[0].domain, people: length, total: (map(.amount) | add),
       oldest: (max_by(.age) | .name), tags: ([.[].tags[]] | unique | join(","))})
| sort_by(-.total)
