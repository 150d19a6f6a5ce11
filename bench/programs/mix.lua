-- Calls, tables, closures, strings and floating-point arithmetic; N rounds.
local rounds = tonumber(arg[1])

local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end

local function sieve(limit)
  local composite, count = {}, 0
  for i = 2, limit do
    if not composite[i] then
      count = count + 1
      for j = i * i, limit, i do composite[j] = true end
    end
  end
  return count
end

local function words(n)
  local counts, state = {}, 42
  for _ = 1, n do
    state = (state * 1103515245 + 12345) % 2147483648
    local word = string.format("w%03d", (state >> 16) % 500)
    counts[word] = (counts[word] or 0) + 1
  end
  local sorted = {}
  for word, count in pairs(counts) do sorted[#sorted + 1] = count .. ":" .. word:upper() end
  table.sort(sorted)
  return #sorted, sorted[1], sorted[#sorted]
end

local function springs(steps)
  local x, v = {}, {}
  for i = 1, 20 do x[i], v[i] = i % 3, 0.0 end
  for _ = 1, steps do
    for i = 2, 19 do v[i] = v[i] + 0.01 * (x[i - 1] - 2 * x[i] + x[i + 1]) end
    for i = 2, 19 do x[i] = x[i] + 0.01 * v[i] end
  end
  local energy = 0
  for i = 1, 20 do energy = energy + v[i] * v[i] end
  return math.sqrt(energy)
end

for round = 1, rounds do
  print(round, fib(19 + round % 3), sieve(20000 + round), words(5000))
  print(string.format("%.6f", springs(2000)))
end
