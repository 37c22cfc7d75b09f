// Foreign strings are harmless where they go.
#include "lib/report/text.h"

#include <stdlib.h>

#include "tests/unit/check.h"

static void check_escape(void (*add)(struct text *, const char *), const char *string,
                         const char *want) {
    struct text text = {0};
    add(&text, string);
    if (strcmp(text_string(&text), want) != 0) {
        check_report(__FILE__, __LINE__, "'%s' becomes '%s', not '%s'", string, text_string(&text),
                     want);
    }
    text_free(&text);
}

static void test_escapes(void) {
    check_escape(text_add_tex, "_&%#${}~^\\<>|",
                 "\\_\\&\\%\\#\\$\\{\\}\\textasciitilde{}\\textasciicircum{}\\textbackslash{}"
                 "\\textless{}\\textgreater{}\\textbar{}");
    check_escape(text_add_tex, "−1 ± “2”", "\\ensuremath{-}1 \\ensuremath{\\pm} “2”");
    check_escape(text_add_tex, "[3cm]*", "{}[3cm]*");
    check_escape(text_add_tex, "*a[1]", "{}*a[1]");
    check_escape(text_add_xml, "<a href=\"x\" b='y'>&",
                 "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
    check_escape(text_add_markdown, "a|b_c*<script>", "a\\|b\\_c\\*&lt;script>");
    check_escape(text_add_markdown, "$x$ ~~y~~", "\\$x\\$ \\~\\~y\\~\\~");
    check_escape(text_add_csv, "plain", "plain");
    check_escape(text_add_csv, "a,\"b\"\nc", "\"a,\"\"b\"\"\nc\"");
    check_escape(text_add_field, "a\tb\nc", "a b c");
    check_escape(text_add_gnuplot, "it's `rm` \"@x\"\n", "'it’s `rm` \"@x\" '");
    check_escape(text_add_gnuplot, "'", "'’'");
    check_escape(text_add_shell, "runs/a-1.zst", "runs/a-1.zst");
    check_escape(text_add_shell, "it's; rm", "'it'\\''s; rm'");
    check_escape(text_add_shell, "", "''");
    check_escape(text_add_key, "Steps per_action", "steps-per-action");
}

static void test_past_gnuplot(void) {
    static const char NASTY[] = "&lt;<b>]]>&";
    for (int xml = 0; xml < 2; xml++) {
        struct text quoted = {0}, back = {0};
        text_add_gnuplot(&quoted, NASTY);
        CHECK(!strpbrk(text_string(&quoted), "&<>"));
        text_add_past_gnuplot(&back, text_string(&quoted), xml);
        CHECK(strcmp(text_string(&back),
                     xml ? "'&amp;lt;&lt;b&gt;]]&gt;&amp;'" : "'&lt;<b>]]>&'") == 0);
        text_free(&quoted);
        text_free(&back);
    }
}

static void test_numbers_read_back(void) {
    const double values[] = {0.1, 1.0 / 3, 1e-300, 123456789.125, -0.0, 5e-324, 1e22};
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
        struct text text = {0};
        text_add_real(&text, values[i]);
        CHECK(strtod(text_string(&text), NULL) == values[i]);
        text_free(&text);
    }
    struct text text = {0};
    text_add_real(&text, 0.1);
    text_add_real(&text, NAN);
    text_add_real(&text, 9011200);
    text_add_real(&text, -1e15);
    CHECK_STRING(text_string(&text), "0.1n/a9011200-1e+15");
    text_free(&text);
}

static void test_clean_copies(void) {
    char copy[16];
    text_copy_clean(copy, sizeof copy, "a\x1b[1m\n\xc3\xa9", 8);
    CHECK_STRING(copy, "a?[1m?\xc3\xa9");
    text_copy_clean(copy, sizeof copy, "\xff\xc0\x80\xed\xa0\x80z",
                    7); // none of it UTF-8 but the z
    CHECK_STRING(copy, "??????z");
    text_copy_clean(copy, sizeof copy, "\xc3", 1); // cut off
    CHECK_STRING(copy, "?");
    text_copy_clean(copy, 4, "ab\xc3\xa9", 4); // no half characters
    CHECK_INT(strlen(copy), 2);
    text_copy_clean(copy, sizeof copy, "\xef\xbf\xbf\xc2\x85", 5); // not allowed in XML
    CHECK_INT(strlen(copy), 2);
}

static void test_base64(void) {
    static const char *const PAIRS[][2] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < ARRAY_LENGTH(PAIRS); i++) {
        struct text text = {0};
        text_add_base64(&text, PAIRS[i][0], strlen(PAIRS[i][0]));
        CHECK(strcmp(text_string(&text), PAIRS[i][1]) == 0);
        text_free(&text);
    }
}

int main(void) {
    RUN(test_escapes);
    RUN(test_past_gnuplot);
    RUN(test_numbers_read_back);
    RUN(test_clean_copies);
    RUN(test_base64);
    return check_finish();
}
