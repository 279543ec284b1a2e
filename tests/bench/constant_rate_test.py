"""The open-loop client leaves nobody out who would have had to wait, and counts what failed."""
import os
import socket
import subprocess
import threading
import time
import unittest

from compare import figures

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
REFUSAL = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"


class ConstantRateTest(unittest.TestCase):
    """answer(number) is what the server sends for its request of this number; b"" closes the connection."""

    def load(self, answer, rate=200, connections=4, seconds=1):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        lock = threading.Lock()
        numbers = iter(range(10**6))

        def serve(client):
            with client:
                while client.recv(4096):
                    with lock:  # one request at a time: who stalls stalls all
                        reply = answer(next(numbers))
                    if not reply:
                        return
                    client.sendall(reply)

        def accept():
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        command = [os.environ["INDRIK_CONSTANT_RATE"], listener.getsockname()[1], "/", rate, connections, seconds]
        said = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, timeout=30)
        return figures.parse_constant_rate(said.stdout)

    def test_counts_those_who_were_due_while_the_server_stood_still(self):
        def answer(number):
            if number == 50:
                time.sleep(0.4)  # 80 requests are due meanwhile, of which only 4 have a connection to be sent on
            return ANSWER

        read = self.load(answer)
        self.assertEqual(read["errors"], 0)
        self.assertGreaterEqual(read["max"], 400)
        self.assertGreaterEqual(read["p90"], 100)

    def test_every_request_is_answered_once(self):
        answered = []
        read = self.load(lambda number: answered.append(number) or CHUNKED)
        self.assertEqual((len(answered), read["errors"]), (200, 0))

    def test_counts_what_is_not_200(self):
        self.assertEqual(self.load(lambda number: REFUSAL if number % 10 == 0 else ANSWER)["errors"], 20)

    def test_counts_connections_that_break_and_goes_on(self):
        self.assertEqual(self.load(lambda number: b"" if number % 50 == 1 else ANSWER)["errors"], 4)

    def test_quantiles_do_not_fall(self):
        points = self.load(lambda _: ANSWER)["distribution"]
        self.assertGreater(len(points), 5)
        self.assertEqual(points, sorted(points))


if __name__ == "__main__":
    unittest.main()
