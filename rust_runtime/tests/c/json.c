#include "json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEEPEST 32

typedef struct reader {
    const char *at, *end;
    json_arena *arena;
    const char *problem;
} reader;

static void *arena_new(json_arena *arena, size_t size) {
    void *block = calloc(1, size);
    if (arena->count == arena->room) {
        arena->room = arena->room ? 2 * arena->room : 64;
        arena->blocks = realloc(arena->blocks, arena->room * sizeof *arena->blocks);
    }
    if (!block || !arena->blocks) {
        fputs("no memory\n", stderr);
        exit(2);
    }
    arena->blocks[arena->count++] = block;
    return block;
}

void json_free(json_arena *arena) {
    for (size_t i = 0; i < arena->count; i++) free(arena->blocks[i]);
    free(arena->blocks);
    memset(arena, 0, sizeof *arena);
}

static int fail(reader *r, const char *problem) {
    if (!r->problem) r->problem = problem;
    return 0;
}

static void skip_space(reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) r->at++;
}

static int take(reader *r, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0) return 0;
    r->at += length;
    return 1;
}

static int hex4(reader *r, uint32_t *code) {
    *code = 0;
    if (r->end - r->at < 4) return fail(r, "a short \\u escape");
    for (int i = 0; i < 4; i++, r->at++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF", *found = memchr(digits, *r->at, 32);
        if (!found) return fail(r, "a wrong \\u escape");
        *code = *code * 16 + (uint32_t)((found - digits) % 16);
    }
    return 1;
}

static char *put_utf8(char *out, uint32_t code) {
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xC0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *out++ = (char)(0xE0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    } else {
        *out++ = (char)(0xF0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3F));
        *out++ = (char)(0x80 | (code >> 6 & 0x3F));
        *out++ = (char)(0x80 | (code & 0x3F));
    }
    return out;
}

static int read_escape(reader *r, char **out) {
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (r->at == r->end) return fail(r, "an open string");
    char name = *r->at++;
    uint32_t code, low;
    if (name != 'u') {
        const char *found = name ? strchr(names, name) : NULL;
        if (!found) return fail(r, "an unknown escape");
        *(*out)++ = meanings[found - names];
        return 1;
    }
    if (!hex4(r, &code)) return 0;
    if (code >= 0xD800 && code < 0xDC00) {
        if (!take(r, "\\u") || !hex4(r, &low) || low < 0xDC00 || low > 0xDFFF) return fail(r, "a lone surrogate");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code < 0xE000) {
        return fail(r, "a lone surrogate");
    }
    *out = put_utf8(*out, code);
    return 1;
}

/* An escape is never shorter than what it stands for, so the string's own length is room enough. */
static int read_string(reader *r, char **text, size_t *length) {
    if (!take(r, "\"")) return fail(r, "no string where one is needed");
    const char *close = r->at;
    while (close < r->end && *close != '"') close += *close == '\\' ? 2 : 1;
    if (close >= r->end) return fail(r, "an open string");
    char *out = *text = arena_new(r->arena, (size_t)(close - r->at) + 1);
    while (r->at < close) {
        unsigned char byte = (unsigned char)*r->at++;
        if (byte < 0x20) return fail(r, "a control character in a string");
        if (byte == '\\') {
            if (!read_escape(r, &out)) return 0;
        } else {
            *out++ = (char)byte;
        }
    }
    r->at = close + 1;
    *length = (size_t)(out - *text);
    return 1;
}

static int read_number(reader *r, double *number) {
    const char *start = r->at;
    char copy[64];
    take(r, "-");
    if (!take(r, "0")) {
        if (r->at == r->end || *r->at < '1' || *r->at > '9') return fail(r, "no JSON value");
        while (r->at < r->end && *r->at >= '0' && *r->at <= '9') r->at++;
    }
    size_t length = (size_t)(r->at - start);
    if (length >= sizeof copy || (r->at < r->end && strchr(".eE", *r->at) && *r->at)) {
        return fail(r, "a number that is no integer"); /* parity cases have no other */
    }
    memcpy(copy, start, length);
    copy[length] = 0;
    *number = strtod(copy, NULL);
    return 1;
}

static int read_value(reader *r, json_value *value, int depth);

static int read_items(reader *r, json_value *value, int depth, const char *close) {
    json_value **link = &value->first;
    skip_space(r);
    if (take(r, close)) return 1;
    for (;;) {
        json_value *item = *link = arena_new(r->arena, sizeof *item);
        link = &item->next;
        value->count++;
        skip_space(r);
        if (value->kind == JSON_OBJECT) {
            if (!read_string(r, &item->key, &item->key_length)) return 0;
            for (const json_value *other = value->first; other != item; other = other->next)
                if (strcmp(other->key, item->key) == 0) return fail(r, "a key that is there twice");
            skip_space(r);
            if (!take(r, ":")) return fail(r, "a key without a colon");
        }
        if (!read_value(r, item, depth + 1)) return 0;
        skip_space(r);
        if (take(r, close)) return 1;
        if (!take(r, ",")) return fail(r, "items without a comma between them");
    }
}

static int read_value(reader *r, json_value *value, int depth) {
    if (depth > DEEPEST) return fail(r, "too deep");
    skip_space(r);
    if (take(r, "null")) return value->kind = JSON_NULL, 1;
    if (take(r, "true")) return value->kind = JSON_TRUE, 1;
    if (take(r, "false")) return value->kind = JSON_FALSE, 1;
    if (take(r, "[")) return value->kind = JSON_ARRAY, read_items(r, value, depth, "]");
    if (take(r, "{")) return value->kind = JSON_OBJECT, read_items(r, value, depth, "}");
    if (r->at < r->end && *r->at == '"') return value->kind = JSON_STRING, read_string(r, &value->text, &value->length);
    return value->kind = JSON_NUMBER, read_number(r, &value->number);
}

json_value *json_parse(const char *text, size_t length, json_arena *arena, const char **problem) {
    reader r = {text, text + length, arena, NULL};
    json_value *value = arena_new(arena, sizeof *value);
    int whole = read_value(&r, value, 0);
    skip_space(&r);
    if (whole && r.at != r.end) fail(&r, "something behind the value");
    *problem = r.problem;
    return r.problem ? NULL : value;
}

const json_value *json_get(const json_value *value, const char *key) {
    if (!value || value->kind != JSON_OBJECT) return NULL;
    for (const json_value *item = value->first; item; item = item->next)
        if (item->key_length == strlen(key) && memcmp(item->key, key, item->key_length) == 0) return item;
    return NULL;
}
