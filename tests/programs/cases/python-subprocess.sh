# tags: arm64
python3 - <<'END'
import subprocess, os, signal, sys
print(subprocess.run(["echo", "hi"], capture_output=True, text=True))
p = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(p.communicate(b"x" * 100000)[0].count(b"x"), p.returncode)
print(subprocess.run("exit 3", shell=True).returncode)
print(subprocess.run(["sh", "-c", "kill -9 $$"]).returncode)
try:
    subprocess.run(["sleep", "10"], timeout=0.3)
except subprocess.TimeoutExpired as e:
    print("timeout", e.cmd)
r, w = os.pipe()
pid = os.fork()
if pid == 0:
    os.write(w, b"from the child")
    os._exit(5)
print(os.read(r, 100), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(os.WEXITSTATUS(os.system("exit 6")), os.popen("echo popen").read().strip())
os.environ["GUEST"] = "1"
print(subprocess.check_output([sys.executable, "-c", "import os; print(os.environ['GUEST'], len(os.environ))"]))
pid = os.posix_spawn("/bin/echo", ["echo", "spawned"], os.environ)
os.waitpid(pid, 0)
def handler(number, frame): print("signal", number)
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.05)
signal.pause()
print(subprocess.run(["env"], env={"A": "b"}, capture_output=True).stdout)
END
