# tags: arm64
python3 - <<'END'
import threading, queue, concurrent.futures, time
lock = threading.Lock()
total = 0
def work(n):
    global total
    for _ in range(n):
        with lock:
            total += 1
threads = [threading.Thread(target=work, args=(500,)) for _ in range(8)]
for t in threads: t.start()
for t in threads: t.join()
print(total)
q = queue.Queue(5)
def produce():
    for i in range(100): q.put(i)
    q.put(None)
threading.Thread(target=produce).start()
got = []
while (item := q.get()) is not None: got.append(item)
print(len(got), sum(got))
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    print(list(pool.map(lambda x: x * x, range(20))))
event = threading.Event()
timer = threading.Timer(0.05, event.set)
timer.start()
print(event.wait(10))
c = threading.Condition()
ready = []
def waiter():
    with c:
        while not ready: c.wait()
        ready.append("seen")
t = threading.Thread(target=waiter); t.start()
with c:
    ready.append("set"); c.notify_all()
t.join()
print(ready)
local = threading.local()
local.x = 1
threading.Thread(target=lambda: print(hasattr(local, "x"))).start()
END
