# tags: arm64
lua5.4 - <<'END'
local t = {} for i = 1, 200 do t[i] = math.floor(math.sin(i) * 1000) end
table.sort(t) print(t[1], t[100], t[200], #t)
print(string.format("%.14g %5.2f %q %x", 1 / 3, 2.5, "a\nb", 255), 7 // 2, 7.0 // 2, -7 % 3, 2 ^ 53)
print(("hello world"):gsub("o", "0"), ("key=value"):match("(%w+)=(%w+)"), #"é", utf8.len("é"))
local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end)
print(co(), co(), co())
print(pcall(error, { code = 1 }), select("#", table.unpack({ 1, nil, 3 }, 1, 3)))
print(math.maxinteger + 1 == math.mininteger, 1e15, 1e100, 0x7fffffffffffffff, math.type(1), 3 | 4, ~0)
local s = 0 for i = 1, 20000 do s = s + i % 7 * 0.5 end print(s)
END
lua5.4 -e 'error("x")'
echo $?
