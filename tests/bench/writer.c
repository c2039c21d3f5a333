/* SPDX-License-Identifier: Apache-2.0
 * writer MEGABYTES: lines of 100 bytes on standard output, 64 KiB at a time, as a program whose
 * output is buffered writes them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { line_size = 100, block_size = 64 << 10 };

int main(int argc, char** argv) {
    static char lines[line_size * block_size]; /* so that every block begins where the last ended */
    long long left = (argc > 1 ? atoll(argv[1]) : 0) * 1000000;
    memset(lines, 'x', sizeof lines);
    for (size_t end = line_size; end <= sizeof lines; end += line_size)
        lines[end - 1] = '\n';
    size_t at = 0;
    while (left > 0) {
        const ssize_t size = write(1, lines + at, left < block_size ? (size_t)left : block_size);
        if (size < 0) {
            perror("writer");
            return 1;
        }
        left -= size;
        at = (at + (size_t)size) % (sizeof lines - block_size);
    }
    return 0;
}
