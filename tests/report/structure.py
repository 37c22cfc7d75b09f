#!/usr/bin/env python3
"""The skeleton of a report: what is left once every name and number is taken out. Whatever names a run
log holds, it stays the same.

    structure.py html FILE    tags with the names of their attributes, in order
    structure.py svg FILE     the kinds of tags and attributes
    structure.py csv FILE     fields of each line
    structure.py tsv FILE     the same
    structure.py md FILE      cells of each row of a table
"""
import csv
import html.parser
import re
import sys
import xml.dom.minidom


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.in_picture = False

    def handle_starttag(self, tag, attrs):
        self.in_picture = self.in_picture or tag == "svg"
        if not self.in_picture:
            print(tag, *(name for name, _ in attrs))

    def handle_endtag(self, tag):
        self.in_picture = self.in_picture and tag != "svg"

    def handle_comment(self, data):
        print("comment")

    def handle_decl(self, decl):
        print("declaration", decl)


def cells(line):
    """Bars that are not behind a backslash cut a row."""
    return len(re.sub(r"\\.", "", line).split("|"))


def main():
    kind, path = sys.argv[1:]
    text = open(path, newline="", encoding="utf-8").read()
    if kind == "html":
        Tags().feed(text)
    elif kind == "svg":
        nodes = xml.dom.minidom.parseString(text.encode()).getElementsByTagName("*")
        for tag in sorted({" ".join([n.tagName] + sorted(n.attributes.keys())) for n in nodes}):
            print(tag)
    elif kind == "csv":
        for row in csv.reader(text.splitlines(keepends=True)):
            print(len(row))
    elif kind == "tsv":
        for line in text.split("\n"):
            print(len(line.split("\t")))
    else:
        for line in text.split("\n"):
            print(cells(line) if line.startswith("|") else "text")


main()
