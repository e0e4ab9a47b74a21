/* SHA-256, fed piece by piece. */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct sha256 {
    uint32_t state[8];
    uint64_t length;
    unsigned char block[64];
} sha256;

void sha256_begin(sha256 *hash);
void sha256_add(sha256 *hash, const void *data, size_t length);
/* 64 lower-case digits and a NUL. */
void sha256_end(sha256 *hash, char digits[65]);

#endif
