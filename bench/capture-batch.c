/*
 * Preloaded into nft, appends the netlink batches that it sends to the file named by KPS_CAPTURE: what bench/batch.sh sends
 * again is then the work that the kernel alone has with nft's transaction. A batch is a message of several buffers, the
 * first of which begins with NFNL_MSG_BATCH_BEGIN (linux/netfilter/nfnetlink.h).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t sendmsg(int socket, const struct msghdr *message, int flags)
{
	ssize_t (*send)(int, const struct msghdr *, int) = dlsym(RTLD_NEXT, "sendmsg");
	const char *path = getenv("KPS_CAPTURE");
	const struct nlmsghdr *first = message->msg_iovlen ? message->msg_iov[0].iov_base : NULL;

	if (path && first && message->msg_iov[0].iov_len >= sizeof(*first) && first->nlmsg_type == NFNL_MSG_BATCH_BEGIN) {
		int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

		if (file < 0 || writev(file, message->msg_iov, message->msg_iovlen) < 0)
			abort();
		close(file);
	}
	return send(socket, message, flags);
}
