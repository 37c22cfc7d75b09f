#!/usr/bin/env python3
"""A home to download from: serves the files of FOLDER over TLS on 127.0.0.1.

https_server.py FOLDER CERTIFICATE KEY PORT_FILE LOG

/plain/NAME    the file, or the part of it that Range asks for
/cut/NAME      the same, but the connection is cut after 30,000 bytes
/whole/NAME    always the whole file: Range is not understood
/to-http/NAME  a redirection to http
/to-file/NAME  a redirection to a file of this machine
/to-self/NAME  a redirection to /plain/NAME
LOG gets a line per request: path and Range.
"""
import http.server
import os
import re
import ssl
import sys

folder, certificate, key, port_file, log = sys.argv[1:]


class Home(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.headers.get("Range")
        with open(log, "a") as file:
            file.write(f"{self.path} {asked or 'all'}\n")
        way, name = self.path.strip("/").split("/")
        path = os.path.join(folder, name)
        elsewhere = {"to-http": "http://127.0.0.1:9/" + name,
                     "to-file": "file://" + os.path.abspath(path),
                     "to-self": "/plain/" + name}
        if way in elsewhere:
            self.send_response(302)
            self.send_header("Location", elsewhere[way])
            self.end_headers()
            return
        if not os.path.exists(path):
            self.send_error(404)
            return
        data = open(path, "rb").read()
        first = 0
        if asked and way != "whole":
            first = int(re.fullmatch(r"bytes=(\d+)-", asked).group(1))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        data = data[first:]
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:30000] if way == "cut" else data)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Home)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(port_file + ".new", "w") as file:
    file.write(str(server.server_address[1]))
os.rename(port_file + ".new", port_file)
server.serve_forever()
