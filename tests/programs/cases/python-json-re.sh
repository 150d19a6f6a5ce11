# tags: arm64
python3 - <<'END'
import json, re, datetime, textwrap, collections, itertools, csv, io, difflib, unicodedata
doc = {"a": [1, 2.5, None, True, "é\n"], "nested": {"k": [{}] * 3}, "big": 10 ** 30, "small": 1e-300}
text = json.dumps(doc, sort_keys=True, indent=1)
print(text, json.loads(text) == doc)
try:
    json.loads('{"a": }')
except json.JSONDecodeError as e:
    print(e)
words = "The rain in Spain stays mainly in the plain 2024-01-15 and 1999-12-31".split()
print(re.findall(r"\b(\w*ai\w*)\b", " ".join(words)), re.sub(r"(\d+)-(\d+)-(\d+)", r"\3/\2/\1", " ".join(words)))
print(re.match(r"(?P<first>\w+)\s+(?P<second>\w+)", "hello world").groupdict(), re.split(r"[,;]\s*", "a, b;c"))
print(datetime.datetime(2024, 2, 29, 12) + datetime.timedelta(days=366, hours=13), datetime.date(2020, 1, 1).isocalendar())
print(textwrap.fill("lorem ipsum " * 12, 40))
print(collections.Counter("mississippi").most_common(), list(itertools.permutations("abc", 2)))
out = io.StringIO(); csv.writer(out).writerows([["a", 'q"uote', "c,d"], [1, 2, 3]]); print(out.getvalue())
print("\n".join(difflib.unified_diff("a b c".split(), "a x c".split(), lineterm="")))
print(unicodedata.normalize("NFD", "éü").encode("utf-8"), "straße".upper(), "ǅ".lower())
END
