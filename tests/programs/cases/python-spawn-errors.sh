# posix_spawn reports a failed exec through memory that the child shares with its parent. Not for the
# simulated ARM64 host: qemu-user runs vfork as fork, so there the error gets lost below Gantry.
python3 - <<'END'
import subprocess
try:
    subprocess.run(["/nonexistent/program"])
except FileNotFoundError as e:
    print("error", e.errno, e.filename)
try:
    subprocess.run(["/etc/passwd"])
except PermissionError as e:
    print("error", e.errno)
END
