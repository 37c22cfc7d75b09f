#include "lib/text/pretoken_scan.h"

#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "lib/text/pretokenize.h"
#include "lib/text/unicode.h"

// ---- ASCII -------------------------------------------------------------------------------------

static void mark_plainly(const uint8_t bytes[static PRETOKEN_BLOCK], struct pretoken_block *block,
                         uint64_t *beyond_ascii) {
    *block = (struct pretoken_block){0};
    *beyond_ascii = 0;
    for (size_t i = 0; i < PRETOKEN_BLOCK; i++) {
        uint64_t class = PRETOKEN_CLASSES[bytes[i]]; // beyond ASCII: neither of the lower bits
        block->class[0] |= (class & 1) << i;
        block->class[1] |= (class >> 1 & 1) << i;
        block->blanks |= (uint64_t)(bytes[i] == ' ') << i;
        block->apostrophes |= (uint64_t)(bytes[i] == '\'') << i;
        *beyond_ascii |= (uint64_t)(bytes[i] >> 7) << i;
    }
}

#ifdef __x86_64__

static inline __m128i is_within(__m128i bytes, char first, char last) {
    __m128i above = _mm_sub_epi8(bytes, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(above, _mm_set1_epi8((char)(last - first))), above);
}

static inline uint64_t bits_of(__m128i marks, size_t at) {
    return (uint64_t)(uint32_t)_mm_movemask_epi8(marks) << at;
}

static inline void mark_sixteen(const uint8_t *bytes, size_t at, struct pretoken_block *block,
                                uint64_t *beyond_ascii) {
    __m128i some = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at));
    __m128i letters = is_within(_mm_or_si128(some, _mm_set1_epi8(0x20)), 'a', 'z');
    __m128i numbers = is_within(some, '0', '9');
    __m128i blanks = _mm_cmpeq_epi8(some, _mm_set1_epi8(' '));
    __m128i spaces = _mm_or_si128(is_within(some, '\t', '\r'), blanks);
    block->class[0] |= bits_of(_mm_or_si128(letters, spaces), at);
    block->class[1] |= bits_of(_mm_or_si128(numbers, spaces), at);
    block->blanks |= bits_of(blanks, at);
    block->apostrophes |= bits_of(_mm_cmpeq_epi8(some, _mm_set1_epi8('\'')), at);
    *beyond_ascii |= bits_of(some, at);
}

// As every x86-64 can.
static void mark_sse2(const uint8_t bytes[static PRETOKEN_BLOCK], struct pretoken_block *block,
                      uint64_t *beyond_ascii) {
    struct pretoken_block marks = {0};
    uint64_t beyond = 0;
    mark_sixteen(bytes, 0, &marks, &beyond);
    mark_sixteen(bytes, 16, &marks, &beyond);
    mark_sixteen(bytes, 32, &marks, &beyond);
    mark_sixteen(bytes, 48, &marks, &beyond);
    *block = marks;
    *beyond_ascii = beyond;
}

__attribute__((target("avx512bw"))) static inline uint64_t are_within(__m512i bytes, char first,
                                                                      char last) {
    __m512i above = _mm512_sub_epi8(bytes, _mm512_set1_epi8(first));
    return _mm512_cmple_epu8_mask(above, _mm512_set1_epi8((char)(last - first)));
}

__attribute__((target("avx512bw"))) static void
mark_avx512(const uint8_t bytes[static PRETOKEN_BLOCK], struct pretoken_block *block,
            uint64_t *beyond_ascii) {
    __m512i all = _mm512_loadu_si512(bytes);
    uint64_t letters = are_within(_mm512_or_si512(all, _mm512_set1_epi8(0x20)), 'a', 'z');
    uint64_t blanks = _mm512_cmpeq_epi8_mask(all, _mm512_set1_epi8(' '));
    uint64_t spaces = are_within(all, '\t', '\r') | blanks;
    *block =
        (struct pretoken_block){.class = {letters | spaces, are_within(all, '0', '9') | spaces},
                                .blanks = blanks,
                                .apostrophes = _mm512_cmpeq_epi8_mask(all, _mm512_set1_epi8('\''))};
    *beyond_ascii = _mm512_movepi8_mask(all);
}

#endif

size_t pretoken_marks(pretoken_mark *marks[static PRETOKEN_MARKS]) {
    size_t count = 0;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512bw")) {
        marks[count++] = mark_avx512;
    }
    marks[count++] = mark_sse2;
#endif
    marks[count++] = mark_plainly;
    return count;
}

// ---- Characters of several bytes ---------------------------------------------------------------

static bool is_space_behind(const struct pretoken_scan *scan, size_t at) {
    size_t bytes;
    return at >= scan->length ||
           character_read(scan->text + at, scan->length - at, &bytes) == CHARACTER_SPACE;
}

// `run`: the bytes of a character.
static void put_class(struct pretoken_block *block, unsigned class, uint64_t run) {
    block->class[0] |= class & 1 ? run : 0;
    block->class[1] |= class & 2 ? run : 0;
    block->wide_spaces |= class == CHARACTER_SPACE ? run : 0;
}

// `beyond_ascii`: bytes of the block at text[at].
static void mark_wide(struct pretoken_scan *scan, size_t at, uint64_t beyond_ascii,
                      struct pretoken_block *block) {
    uint64_t spilled = ((uint64_t)1 << scan->spilled) - 1;
    put_class(block, scan->spilled_class, spilled);
    scan->spilled = 0;
    for (uint64_t left = beyond_ascii & ~spilled; left;) {
        size_t first = (size_t)__builtin_ctzll(left), bytes;
        unsigned class = character_read(scan->text + at + first, scan->length - at - first, &bytes);
        uint64_t run = (((uint64_t)1 << bytes) - 1) << first;
        put_class(block, class, run);
        if (class == CHARACTER_SPACE && !is_space_behind(scan, at + first + bytes)) {
            block->wide_last |= (uint64_t)1 << first;
        }
        if (first + bytes > PRETOKEN_BLOCK) {
            scan->spilled = first + bytes - PRETOKEN_BLOCK;
            scan->spilled_class = class;
        }
        left &= ~run;
    }
}

// ---- Blocks ------------------------------------------------------------------------------------

static void look_at(struct pretoken_scan *scan, size_t at) {
    uint8_t padded[PRETOKEN_BLOCK];
    const uint8_t *bytes = scan->text + at;
    if (scan->length - at < PRETOKEN_BLOCK) {
        memset(padded, ' ', sizeof padded);
        memcpy(padded, bytes, scan->length - at);
        bytes = padded;
    }
    uint64_t beyond_ascii;
    scan->mark(bytes, &scan->next, &beyond_ascii);
    if (beyond_ascii | scan->spilled) {
        mark_wide(scan, at, beyond_ascii, &scan->next);
    }
}

void pretoken_scan_start(struct pretoken_scan *scan, const uint8_t *text, size_t length) {
    pretoken_mark *marks[PRETOKEN_MARKS];
    pretoken_marks(marks);
    *scan = (struct pretoken_scan){.text = text, .length = length, .mark = marks[0]};
    look_at(scan, 0);
}

// A piece that starts with an apostrophe is a contraction if that can be, and what follows starts
// another piece.
static uint64_t mark_contractions(struct pretoken_scan *scan, size_t at, uint64_t starts,
                                  uint64_t apostrophes) {
    uint64_t set[2] = {0}, clear[2] = {0};
    for (; apostrophes; apostrophes &= apostrophes - 1) {
        size_t first = (size_t)__builtin_ctzll(apostrophes);
        size_t bytes = pretoken_contraction(scan->text + at + first, scan->length - at - first);
        if (bytes > 0) {
            size_t letter = first + 1, end = first + bytes;
            clear[letter / PRETOKEN_BLOCK] |= (uint64_t)1 << letter % PRETOKEN_BLOCK;
            set[end / PRETOKEN_BLOCK] |= (uint64_t)1 << end % PRETOKEN_BLOCK;
        }
    }
    scan->set = set[1];
    scan->clear = clear[1];
    return (starts & ~clear[0]) | set[0];
}

// A piece starts where the class changes, unless a blank is before it, which is then its first
// character. White space begins one where it begins, and with its last character before something
// else: that one is such a blank, or a piece of its own.
uint64_t pretoken_scan_next(struct pretoken_scan *scan) {
    struct pretoken_block block = scan->next;
    size_t at = scan->told;
    size_t some = scan->length - at < PRETOKEN_BLOCK ? scan->length - at : PRETOKEN_BLOCK;
    scan->told = at + some;
    look_at(scan, scan->told);

    uint64_t spaces = block.class[0] & block.class[1];
    const uint64_t before[2] = {block.class[0] << 1 | scan->class[0],
                                block.class[1] << 1 | scan->class[1]};
    uint64_t changes = (block.class[0] ^ before[0]) | (block.class[1] ^ before[1]);
    uint64_t behind_blanks = block.blanks << 1 | scan->blanks;
    uint64_t spaces_ahead = spaces >> 1 | (scan->next.class[0] & scan -> next.class[1]) << 63;
    uint64_t starts = (changes & (spaces | ~behind_blanks)) |
                      (spaces & ~block.wide_spaces & ~spaces_ahead) | block.wide_last;
    starts = (starts & ~scan->clear) | scan->set | (at == 0);
    starts = mark_contractions(scan, at, starts, block.apostrophes & starts);
    for (size_t bit = 0; bit < 2; bit++) {
        scan->class[bit] = block.class[bit] >> 63;
    }
    scan->blanks = block.blanks >> 63;
    uint64_t inside = some < PRETOKEN_BLOCK ? ((uint64_t)1 << some) - 1 : UINT64_MAX;
    return starts & inside & (at == 0 ? ~(uint64_t)1 : UINT64_MAX);
}
