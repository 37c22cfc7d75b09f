"""slow_reader.py PIPE FULL GO: opens the pipe, and makes the file FULL when it holds as much as it can,
about. Once there is a file GO, and a second later, reads all of it to its end."""
import fcntl
import os
import struct
import sys
import termios
import time

pipe = os.open(sys.argv[1], os.O_RDONLY)
most = fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
while struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0] < 0.9 * most:
    time.sleep(0.01)
open(sys.argv[2], "w").close()
while not os.path.exists(sys.argv[3]):
    time.sleep(0.01)
time.sleep(1)
while os.read(pipe, 1 << 16):
    pass
