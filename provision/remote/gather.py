# Gathers what the ranks of one job print on this node. Argument: a folder, which is made here and goes with us. Each rank
# (rank.sh) makes its FIFOs there, RANK.KIND, and writes a line `RANK KIND...` into the FIFO `ranks`.
# Our stdout is pieces, each a line `RANK KIND SIZE` and then its bytes; `RANK start 0` tells that a rank is there, and a
# size of 0 of any other kind that no more of it comes.
# Nothing comes over our stdin: its end means that the job has ended, or that nobody waits for it any more.
import os
import select
import shutil
import signal
import sys

MOST = 64 * 1024


def send(rank, kind, data=b""):
    sys.stdout.buffer.write(b"%s %s %d\n" % (rank, kind, len(data)) + data)
    sys.stdout.buffer.flush()


class Gatherer:
    def __init__(self, folder):
        self.folder = os.fsencode(folder)
        news = os.path.join(self.folder, b"ranks")
        os.mkfifo(news, 0o600)
        self.news = os.open(news, os.O_RDWR | os.O_NONBLOCK)  # for writing too: it has no end then
        self.streams = {}  # descriptor: (rank, kind)
        self.poller = select.poll()
        self.poller.register(self.news, select.POLLIN)

    def welcome(self):
        """The ranks that have come. Lines of a few bytes are written as a whole."""
        for line in os.read(self.news, MOST).splitlines():
            rank, *kinds = line.split()
            for kind in kinds:
                name = os.path.join(self.folder, rank + b"." + kind)
                stream = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
                self.streams[stream] = (rank, kind)
                self.poller.register(stream, select.POLLIN)
            send(rank, b"start")

    def take(self, stream):
        data = os.read(stream, MOST)
        send(*self.streams[stream], data)
        if not data:
            self.poller.unregister(stream)
            os.close(stream)
            del self.streams[stream]

    def turn(self, milliseconds):
        """Takes what is there; False where nothing was, True on the end of our stdin too."""
        events = self.poller.poll(milliseconds)
        for descriptor, _ in events:
            if descriptor == self.news:
                self.welcome()
            elif descriptor in self.streams:
                self.take(descriptor)
        return [descriptor for descriptor, _ in events]

    def run(self):
        leash = sys.stdin.fileno()
        self.poller.register(leash, select.POLLIN)
        while leash not in self.turn(None) or os.read(leash, MOST):
            pass
        self.poller.unregister(leash)
        while self.turn(0):  # what is still on its way
            pass


def leave(*_):
    sys.exit(1)


signal.signal(signal.SIGTERM, leave)
signal.signal(signal.SIGHUP, leave)
os.mkdir(sys.argv[1], 0o700)
try:
    Gatherer(sys.argv[1]).run()
except BrokenPipeError:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
finally:
    # A rank that is being ended may still write there: by this name it cannot any more.
    gone = sys.argv[1] + ".gone"
    os.rename(sys.argv[1], gone)
    shutil.rmtree(gone, ignore_errors=True)
