#include "formats/column_letters.h"

size_t pf_column_letters(uint32_t column, char to[4])
{
    char letters[4];
    size_t count = 0, size = 0;

    for (uint32_t rest = column + 1; rest != 0 && count < 3; rest = (rest - 1) / 26)
        letters[count++] = (char)('A' + (rest - 1) % 26);
    while (count != 0)
        to[size++] = letters[--count];
    to[size] = '\0';
    return size;
}
