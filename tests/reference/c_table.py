"""What the scripts that make tables in C share."""


def print_items(items):
    """The items of an initialiser whose first line is out, as many to a line as it holds, and its end."""
    line = "   "
    for item in items:
        if len(line) + 1 + len(item) > 99:
            print(line)
            line = "   "
        line += " " + item
    print(line)
    print("};\n")
