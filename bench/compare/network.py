"""A network of our own for servers and clients, where we may have one: nobody else's connections, and enough ports."""
import contextlib
import ctypes
import fcntl
import pathlib
import socket
import struct

CLONE_NEWNET = 0x40000000  # sched.h
SIOCSIFFLAGS = 0x8914  # linux/sockios.h
IFF_UP = 1
CLIENT_PORTS = (16384, 65535)
SERVER_PORTS = (10000, 16384)


def enter():
    """Whether we are in it from now on, with all that we start; without root we stay where we are.

    connect(2) looks for a port among half of the range first, the odd or the even ones. From when these are taken, as
    they are by 14,000 connections with the range that Linux has at first, each takes a millisecond of searching, and a
    load of 16,000 spends half of its time on connecting.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        return False
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asking:
        fcntl.ioctl(asking, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    with contextlib.suppress(OSError):  # a container's /proc/sys may not be written to
        pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("{} {}".format(*CLIENT_PORTS))
    return True
