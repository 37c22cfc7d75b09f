// Bytes that are shown: characters stay, the rest cannot move a terminal's cursor.
#include "lib/base/utf8.h"

#include "lib/base/status.h"
#include "tests/unit/check.h"

static void check_printable(const char *bytes, const char *want) {
    char text[64];
    snprintf(text, sizeof text, "%s", bytes);
    utf8_make_printable(text);
    if (strcmp(text, want) != 0) {
        check_report(__FILE__, __LINE__, "becomes '%s', not '%s'", text, want);
    }
}

static void test_characters_stay(void) {
    check_printable("", "");
    check_printable("plain ~", "plain ~");
    check_printable("\xc2\xa0 \xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbd",
                    "\xc2\xa0 \xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbd");
    check_printable("\xef\xbf\xbd \xe2\x80\xa7 \xe2\x80\xaf",
                    "\xef\xbf\xbd \xe2\x80\xa7 \xe2\x80\xaf");
}

static void test_controls_go(void) {
    check_printable("\x1b[2J\x07\t\n\x7f", "?[2J????");
    check_printable("a\xc2\x9b"
                    "2Jb",
                    "a??2Jb"); // the same in one C1 character
    // NOLINTNEXTLINE(misc-misleading-bidirectional): that is what it is about
    check_printable("\xe2\x80\xae \xe2\x81\xa6 \xe2\x80\xa8", "??? ??? ???");
    check_printable("\xef\xbf\xbe\xef\xbf\xbf", "??????");
}

static void test_what_is_no_character(void) {
    check_printable("\x9b"
                    "2J",
                    "?2J"); // C1 in one byte
    check_printable("\xff\xfe\xc0\xaf\xc1\x81", "??????");
    check_printable("\xed\xa0\x80\xf4\x90\x80\x80\xe0\x9f\xbf",
                    "??????????"); // surrogate, too high, long
    check_printable("\xe6\x97", "??");
    check_printable("\xc3z", "?z");
}

static void test_strays(void) {
    static const struct {
        const char *text;
        size_t strays;
    } TEXTS[] = {
        {"", 0},         {"plain\t~", 0},         {"\xc3\xa9 \xf0\x9f\x98\x80 \xef\xbf\xbf", 0},
        {"t\xe9xt", 1},  {"\xff\xc3\xa9\xfe", 2}, {"\xed\xa0\x80", 3},
        {"a\xe6\x97", 2}};
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        CHECK_INT(utf8_count_strays(TEXTS[i].text, strlen(TEXTS[i].text)), TEXTS[i].strays);
    }
}

// Whatever the bytes: as many as before, and nothing below a blank.
static void test_every_two_bytes(void) {
    for (int first = 1; first < 256; first++) {
        for (int second = 1; second < 256; second++) {
            char text[] = {(char)first, (char)second, 'z', '\0'};
            utf8_make_printable(text);
            CHECK(strlen(text) == 3 && text[2] == 'z');
            CHECK((unsigned char)text[0] >= ' ' && (unsigned char)text[1] >= ' ');
            char again[] = {text[0], text[1], 'z', '\0'};
            utf8_make_printable(again);
            CHECK(strcmp(text, again) == 0);
        }
    }
}

static void test_messages(void) {
    struct error error;
    error_set(&error, STATUS_DAMAGED, "cannot read '%s'",
              "\x1b]0;x\x07\xc2\x9b"
              "\xff");
    CHECK_STRING(error.message, "cannot read '?]0;x???"
                                "?'");
    error_prefix(&error, STATUS_DAMAGED, "a\nb");
    CHECK_STRING(error.message, "a?b: cannot read");
}

int main(void) {
    RUN(test_characters_stay);
    RUN(test_controls_go);
    RUN(test_what_is_no_character);
    RUN(test_strays);
    RUN(test_every_two_bytes);
    RUN(test_messages);
    return check_finish();
}
