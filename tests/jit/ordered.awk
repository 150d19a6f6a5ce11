# Reads what --dump=host logs of code that keeps the order of memory accesses, and ends with status 1
# when an access to the guest's memory is neither an ordered instruction nor beside a barrier, or when
# there is none at all. Accesses through x28 (guest::Cpu), x29 (the return stack) and sp are the
# emulator's own, and so is that of an indirect jump to its table.
function report() {
  print
  bad = 1
}
NF >= 3 && $1 ~ /^[0-9a-f]+$/ && $2 ~ /^[0-9a-f]+$/ {
  if (load && $3 " " $4 != "dmb ishld") report()
  own = $0 ~ /\[(x28|x29|sp)/ || $0 ~ /ldp x30, x17, \[x17\]/
  guest = $0 ~ /\[/ && !own
  load = guest && $3 ~ /^(ldr|ldur|ldrs|ldp)/
  if (guest && $3 ~ /^(str|stur|stp)/ && !fenced) report()
  ordered += $3 ~ /^(ldap|ldar|stl)/
  fenced = $3 == "dmb" || (fenced && !guest)
}
END { exit bad || !ordered }
