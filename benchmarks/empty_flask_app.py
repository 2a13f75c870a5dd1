"""Runs an empty Flask view on Testmode's HTTP server, as the baseline of the throughput benchmark."""

from mockserver.http.server import Server, patch_standard_library

patch_standard_library()

from flask import Flask  # noqa: E402

app = Flask("empty")


@app.get("/")
def empty_view() -> str:
    return "{}"


if __name__ == "__main__":
    server = Server(app, "127.0.0.1", 0)
    print(f"Ready. listening on {server.start()}", flush=True)
    server.serve_until_stopped()
