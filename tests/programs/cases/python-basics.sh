# tags: arm64
python3 - <<'END'
import sys, platform, math, decimal, fractions, struct, os
print(sys.version_info[:2], platform.machine(), sys.maxsize, sys.byteorder)
print(sum(range(10000)), 2 ** 200, -7 // 2, divmod(-7, 3), 7.0 // 2, round(2.5), 1e308 * 10)
print([x * x for x in range(10)], {n: chr(65 + n) for n in range(5)}, sorted("hello world"))
print(math.sin(1), math.exp(1), math.pi ** 10, math.sqrt(2), math.gamma(5.5), math.fsum([0.1] * 10))
print(0.1 + 0.2, 1 / 3, float("nan"), float("-inf"), 5e-324, 1.7976931348623157e308)
print(decimal.Decimal(1) / 7, fractions.Fraction(22, 7) ** 3)
print(struct.pack("<dfqH", 1.5, -2.25, -3, 65535).hex(), "{:.3e} {:>10} {:#x}".format(12345.678, "r", 255))
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(16))
try:
    [][1]
except IndexError as e:
    print("caught", e)
print(os.getcwd(), os.path.exists("/proc/self/exe"), os.readlink("/proc/self/exe"))
END
python3 -c 'import sys; sys.exit(42)'
echo $?
python3 -c 'raise ValueError("x")'
echo $?
