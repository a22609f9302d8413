# Feeds a job's stdin, which is the FIFO that is the argument. What comes through our stdin is pieces, each a line with
# its size and then its bytes; a piece of size 0 is the end of the job's input. What is behind it is a leash (launch.sh).
# We end when our stdin does, also while the job takes nothing.
import os
import select
import sys
import time

MOST = 64 * 1024


class Pieces:
    """Takes the pieces apart."""

    def __init__(self):
        self.header = b""
        self.left = 0  # bytes of the piece that have not come yet
        self.ended = False

    def feed(self, data):
        """What of `data` is the job's."""
        payload = []
        while data and not self.ended:
            if self.left == 0:
                newline = data.find(b"\n")
                self.header += data if newline < 0 else data[:newline]
                if newline < 0:
                    break
                data = data[newline + 1:]
                self.left = int(self.header)
                self.header = b""
                self.ended = self.left == 0
            else:
                payload.append(data[:self.left])
                data = data[self.left:]
                self.left -= len(payload[-1])
        return b"".join(payload)


def leave(job):
    """An input that was cut off must not look like one that ended while launch.sh ends the job."""
    if job is not None and os.fork() == 0:
        time.sleep(10)


def feed(source, fifo):
    # For reading too: opening it then waits for nobody.
    job = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    pieces = Pieces()
    waiting = memoryview(b"")
    while True:
        poller = select.poll()
        poller.register(source, 0 if waiting else select.POLLIN)  # that it was hung up is told in any case
        if waiting:
            poller.register(job, select.POLLOUT)
        events = dict(poller.poll())
        if waiting and source in events:
            return leave(job)
        if job in events:
            try:
                waiting = waiting[os.write(job, waiting):]
            except BlockingIOError:
                pass
        elif source in events:
            data = os.read(source, MOST)
            if not data:
                return leave(job)
            waiting = memoryview(pieces.feed(data))
        if pieces.ended and not waiting and job is not None:
            os.close(job)
            job = None


feed(sys.stdin.fileno(), sys.argv[1])
