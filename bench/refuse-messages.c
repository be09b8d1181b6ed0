/*
 * Preloaded into the agent (LD_PRELOAD), for bench/refused.sh: has the real kernel refuse chosen Services.
 *
 * Of the nftables transactions that go through sendto, elements of the map service-ips whose key begins with one of the
 * IPv4 addresses in the file $REFUSE_ADDRESSES (one a line, in dotted form) are sent to a chain that does not exist. Each
 * transaction adds a line to the file $REFUSE_CALLS.
 *
 * The agent finds sendto with dlsym, which therefore is replaced too.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef ssize_t send_function(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
typedef void *symbol_function(void *, const char *);

static uint32_t *addresses;
static size_t address_count;

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

__attribute__((constructor)) static void read_addresses(void) {
    const char *path = getenv("REFUSE_ADDRESSES");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[64];
    while (file && fgets(line, sizeof line, file)) {
        struct in_addr address;
        line[strcspn(line, "\n")] = 0;
        if (inet_pton(AF_INET, line, &address) == 1) {
            addresses = realloc(addresses, (address_count + 1) * sizeof *addresses);
            addresses[address_count++] = address.s_addr;
        }
    }
    if (file) fclose(file);
    qsort(addresses, address_count, sizeof *addresses, compare);
}

/* The attribute of a type among those of a length; NULL if there is none. */
static struct nlattr *find(void *first, size_t length, int type) {
    char *at = first, *end = at + length;
    while (end - at >= NLA_HDRLEN) {
        struct nlattr *attribute = (struct nlattr *)at;
        if (attribute->nla_len < NLA_HDRLEN || attribute->nla_len > end - at) break;
        if ((attribute->nla_type & NLA_TYPE_MASK) == type) return attribute;
        at += NLA_ALIGN(attribute->nla_len);
    }
    return NULL;
}

static void *value(struct nlattr *attribute) { return (char *)attribute + NLA_HDRLEN; }

static struct nlattr *inside(struct nlattr *attribute, int type) {
    return attribute ? find(value(attribute), attribute->nla_len - NLA_HDRLEN, type) : NULL;
}

static void spoil_element(struct nlattr *element) {
    struct nlattr *key = inside(inside(element, NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE);
    struct nlattr *chain = inside(inside(inside(element, NFTA_SET_ELEM_DATA), NFTA_DATA_VERDICT), NFTA_VERDICT_CHAIN);
    if (key && chain && key->nla_len >= NLA_HDRLEN + sizeof(uint32_t) && bsearch(value(key), addresses, address_count, sizeof *addresses, compare))
        *(char *)value(chain) = '!';
}

static void spoil(char *at, char *end) {
    while (end - at >= NLMSG_HDRLEN) {
        struct nlmsghdr *message = (struct nlmsghdr *)at;
        if (message->nlmsg_len < NLMSG_HDRLEN || message->nlmsg_len > end - at) return;
        if (message->nlmsg_type == ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWSETELEM)) {
            char *attributes = at + NLMSG_HDRLEN + sizeof(struct nfgenmsg);
            size_t length = message->nlmsg_len - NLMSG_HDRLEN - sizeof(struct nfgenmsg);
            struct nlattr *set = find(attributes, length, NFTA_SET_ELEM_LIST_SET);
            struct nlattr *list = find(attributes, length, NFTA_SET_ELEM_LIST_ELEMENTS);
            if (set && list && !strcmp(value(set), "service-ips")) {
                char *element = value(list), *last = (char *)list + list->nla_len;
                while (last - element >= NLA_HDRLEN) {
                    spoil_element((struct nlattr *)element);
                    element += NLA_ALIGN(((struct nlattr *)element)->nla_len);
                }
            }
        }
        at += NLMSG_ALIGN(message->nlmsg_len);
    }
}

static symbol_function *real_symbol(void) {
    static symbol_function *found;
    const char *versions[] = {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5"};
    for (size_t i = 0; !found && i < 3; i++) found = (symbol_function *)dlvsym(RTLD_NEXT, "dlsym", versions[i]);
    return found;
}

ssize_t sendto(int fd, const void *buffer, size_t length, int flags, const struct sockaddr *to, socklen_t to_length) {
    static send_function *real;
    if (!real) real = (send_function *)real_symbol()(RTLD_NEXT, "sendto");
    const struct nlmsghdr *first = buffer;
    if (!to || to->sa_family != AF_NETLINK || length < NLMSG_HDRLEN || first->nlmsg_type != NFNL_MSG_BATCH_BEGIN)
        return real(fd, buffer, length, flags, to, to_length);

    const char *calls = getenv("REFUSE_CALLS");
    int log = calls ? open(calls, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
    if (log >= 0) {
        if (write(log, "\n", 1) < 0) perror(calls);
        close(log);
    }
    char *copy = malloc(length);
    memcpy(copy, buffer, length);
    spoil(copy, copy + length);
    ssize_t sent = real(fd, copy, length, flags, to, to_length);
    free(copy);
    return sent;
}

void *dlsym(void *handle, const char *name) {
    return strcmp(name, "sendto") ? real_symbol()(handle, name) : (void *)sendto;
}
