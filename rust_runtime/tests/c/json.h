/* A strict reader of JSON, as much as parity cases need. Values live in one arena, freed at once. */
#ifndef JSON_H
#define JSON_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

typedef struct json_value {
    enum json_kind kind;
    double number;
    char *text; /* of a string, UTF-8, a NUL behind it; it may contain others */
    size_t length;
    char *key; /* of a member */
    size_t key_length;
    struct json_value *first; /* of an array or object */
    struct json_value *next;  /* beside this one */
    size_t count;
} json_value;

typedef struct json_arena {
    void **blocks;
    size_t count, room;
} json_arena;

/* The value, or null where the text is not one JSON value and nothing else: *problem says where and why. */
json_value *json_parse(const char *text, size_t length, json_arena *arena, const char **problem);
void json_free(json_arena *arena);

/* A member, or null; also where value is null or no object. */
const json_value *json_get(const json_value *value, const char *key);

#ifdef __cplusplus
}
#endif

#endif
