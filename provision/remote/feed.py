# Feeds the stdin of a job's rank 0, which reads the FIFO that is the argument. What comes through our stdin is pieces, each a line with
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


class Reader:
    """The other end of the FIFO. It may come late, as a job that waits for its turn does, and may have enough early."""

    def __init__(self, fifo):
        self.fifo = fifo
        self.descriptor = None
        self.is_gone = False

    def is_there(self):
        if self.descriptor is None and not self.is_gone:
            try:
                self.descriptor = os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:  # nobody has opened it yet
                pass
        return self.descriptor is not None

    def write(self, data):
        """What is left of it."""
        try:
            return data[os.write(self.descriptor, data):]
        except BlockingIOError:
            return data
        except BrokenPipeError:
            self.close()
            return data[len(data):]

    def close(self):
        os.close(self.descriptor)
        self.descriptor = None
        self.is_gone = True


def leave(reader):
    """An input that was cut off must not look like one that ended while launch.sh ends the job."""
    if reader.is_there() and os.fork() == 0:
        time.sleep(10)


def feed(source, fifo):
    reader = Reader(fifo)
    pieces = Pieces()
    waiting = memoryview(b"")
    while True:
        if pieces.ended and not waiting and reader.is_there():
            reader.close()
        wanted = not waiting and (not pieces.ended or reader.is_gone)
        poller = select.poll()
        poller.register(source, select.POLLIN if wanted else 0)  # that it was hung up is told in any case
        if waiting and reader.is_there():
            poller.register(reader.descriptor, select.POLLOUT)
        events = dict(poller.poll(None if wanted or reader.is_there() else 100))
        if source in events:
            data = os.read(source, MOST) if wanted else b""
            if not data:
                return leave(reader)
            waiting = memoryview(b"" if reader.is_gone else pieces.feed(data))
        elif waiting and reader.is_there():
            waiting = reader.write(waiting)


feed(sys.stdin.fileno(), sys.argv[1])
