/* A training step frees its graph, and the next one is as large: so freed nodes are kept, where the system would clear
   each page anew, which takes as long as all else.  A region of memory has a bit for each place where a node may lie, so
   that they are taken in the order of their addresses: what is made, and met, one after the other lies side by side, and
   the processor fetches it in advance.  (From a list of spares they would come in the order in which they were freed, and
   be scattered more with each step.)  Half of what was not needed from one backward() to the next is given back. */
enum { REGIONS = 1024, REGION = 1 << 17, PLACE = 16, WORDS = REGION / PLACE / 64 };

typedef struct Region {
    uintptr_t start;
    size_t spares, word; /* the word from which the last was taken */
    uint64_t places[WORDS];
    struct Region *next; /* of those that have spares */
} Region;

static Region regions[REGIONS], *with_spares;
static Py_ssize_t living, spares, idle; /* idle: the fewest spares since the last backward() */

static inline int keep(Node *v)
{
#ifdef __SANITIZE_ADDRESS__
    return 0; /* what is used after it was freed is to be seen */
#endif
    uintptr_t at = (uintptr_t)v % REGION, start = (uintptr_t)v - at;
    Region *r = &regions[start / REGION % REGIONS];
    if (r->start != start && r->spares)
        return 0;
    if (!r->spares++) {
        r->start = start;
        r->next = with_spares;
        with_spares = r;
    }
    r->places[at / PLACE / 64] |= (uint64_t)1 << at / PLACE % 64;
    spares++;
    return 1;
}

static inline Node *take_spare(void)
{
    Region *r = with_spares;
    while (!r->places[r->word])
        r->word = (r->word + 1) % WORDS;
    int bit = TRAILING_ZEROS(r->places[r->word]);
    r->places[r->word] &= r->places[r->word] - 1;
    if (!--r->spares)
        with_spares = r->next;
    if (--spares < idle)
        idle = spares;
    return (Node *)(r->start + (r->word * 64 + bit) * PLACE);
}

static void give_back(Py_ssize_t count)
{
    while (count-- > 0)
        PyObject_GC_Del(take_spare());
    idle = spares;
}

