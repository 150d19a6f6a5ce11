cat >m.py <<'END'
import multiprocessing, os
def square(x): return x * x
if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool: print(method, pool.map(square, range(10)))
    queue = multiprocessing.Queue()
    process = multiprocessing.Process(target=queue.put, args=("hello",))
    process.start(); print(queue.get()); process.join(); print(process.exitcode)
END
python3 m.py
