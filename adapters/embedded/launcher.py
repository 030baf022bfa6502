"""Turn this process into a server that does not outlive its supervisor.

Run as a script, `python -I -S launcher.py MODE UID GID SIGNAL PARENT PROGRAM ARG...`, never
imported by the supervisor: what happens here must happen between fork and exec, and doing it in a
fresh interpreter is the only way that is safe when the supervisor has threads.

MODE says how the process becomes a user that PostgreSQL accepts:

* `self`: it already is one.
* `namespace`: in a user namespace of its own, where the present user has the id UID. Outside, the
  kernel still sees the present user, so every folder of that user's stays readable.
* `capability`: as UID itself, keeping only the right to pass folders whatever their mode.
"""

import ctypes
import os
import signal
import sys

CLONE_NEWUSER = 0x1000_0000
PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x2008_0522
COULD_NOT_BECOME = 77

libc = ctypes.CDLL(None, use_errno=True)


def main(arguments: list[str]) -> None:
    """Become the program; returns only by an exception or an exit."""
    mode, uid, gid, stop_signal, parent, *command = arguments
    os.setsid()  # the terminal's Ctrl-C is for the supervisor, which has workers to drain first
    try:
        if mode == "namespace":
            enter_namespace(int(uid), int(gid))
        elif mode == "capability":
            become_keeping_access(int(uid), int(gid))
        # Last, because the kernel forgets it when a process changes its user.
        check(libc.prctl(PR_SET_PDEATHSIG, signal.Signals[stop_signal].value, 0, 0, 0))
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(COULD_NOT_BECOME)
    if os.getppid() != int(parent):
        sys.exit(0)  # the supervisor died before the kernel knew that we care
    os.execv(command[0], command)  # noqa: S606 - a shell is the last thing wanted here


def enter_namespace(uid: int, gid: int) -> None:
    """Move into a new user namespace where the present user is called `uid`."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    check(libc.unshare(CLONE_NEWUSER))
    # The kernel lets a process without rights outside map its groups only after this.
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"{uid} {outer_uid} 1")
    write("/proc/self/gid_map", f"{gid} {outer_gid} 1")


def become_keeping_access(uid: int, gid: int) -> None:
    """Become `uid` for good, with one capability left: to pass folders of any mode."""
    # Capabilities stay as they are when the user changes, and access(2), by which PostgreSQL looks
    # at its own programs, minds them too.
    check(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    kept = 1 << CAP_DAC_OVERRIDE
    # Effective, permitted, inheritable; twice, for the low and the high 32 capabilities.
    sets = (ctypes.c_uint32 * 6)(kept, kept, kept, 0, 0, 0)
    check(libc.capset(header, sets))
    check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0))


def write(path: str, text: str) -> None:
    """Write one of the kernel's files in a single call, as it demands."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode("ascii"))
    finally:
        os.close(descriptor)


def check(result: int) -> None:
    """Raise what the C library reported."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main(sys.argv[1:])
