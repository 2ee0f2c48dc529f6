import { assertEquals } from "@std/assert";
import * as numbers from "../../../../transports/networks/epoll/libc/libc.ts";
import { CMSGHDR, MSGHDR } from "../../../../transports/networks/epoll/libc/descriptor_messages.ts";
import { MAX_ADDRESS_SIZE } from "../../../../transports/networks/epoll/libc/socket_address.ts";
import { outputOf, testWith } from "../../../support/peers/outside_peer.ts";

/** The prefixes of the C library for the groups of constants. */
const PREFIXES: Readonly<Record<string, string>> = {
  EFD: "EFD_",
  EPOLL: "EPOLL",
  F: "F_",
  SPLICE: "SPLICE_F_",
  E: "E",
};

/** Names that C spells in another way. */
const IN_C: Readonly<Record<string, string>> = {
  EPOLLCLOEXEC: "EPOLL_CLOEXEC",
  EPOLLADD: "EPOLL_CTL_ADD",
  EPOLLDEL: "EPOLL_CTL_DEL",
  EPOLLMOD: "EPOLL_CTL_MOD",
  F_CLOEXEC: "FD_CLOEXEC",
  LEVEL_SOCKET: "SOL_SOCKET",
  LEVEL_IP: "IPPROTO_IP",
  LEVEL_TCP: "IPPROTO_TCP",
  LEVEL_UDP: "IPPROTO_UDP",
  LEVEL_IPV6: "IPPROTO_IPV6",
};

/** Sizes and places of fields, as the code has them. */
const LAYOUTS: Readonly<Record<string, number>> = {
  "sizeof(struct epoll_event)": numbers.EPOLL_EVENT.size,
  "offsetof(struct epoll_event, data)": numbers.EPOLL_EVENT.data,
  "sizeof(struct sockaddr_un)": MAX_ADDRESS_SIZE,
  "offsetof(struct sockaddr_un, sun_path)": 2,
  "sizeof(struct sockaddr_in)": 16,
  "offsetof(struct sockaddr_in, sin_port)": 2,
  "offsetof(struct sockaddr_in, sin_addr)": 4,
  "sizeof(struct sockaddr_in6)": 28,
  "offsetof(struct sockaddr_in6, sin6_port)": 2,
  "offsetof(struct sockaddr_in6, sin6_addr)": 8,
  "offsetof(struct sockaddr_in6, sin6_scope_id)": 24,
  "sizeof(struct ip_mreq_source)": 12,
  "offsetof(struct ip_mreq_source, imr_interface)": 4,
  "offsetof(struct ip_mreq_source, imr_sourceaddr)": 8,
  "sizeof(struct ipv6_mreq)": 20,
  "offsetof(struct ipv6_mreq, ipv6mr_interface)": 16,
  "sizeof(struct group_source_req)": 264,
  "offsetof(struct group_source_req, gsr_group)": 8,
  "offsetof(struct group_source_req, gsr_source)": 136,
  "sizeof(struct linger)": 8,
  "sizeof(struct ucred)": 12,
  "offsetof(struct ucred, gid)": 8,
  "offsetof(struct tcp_info, tcpi_rto)": 8,
  "offsetof(struct tcp_info, tcpi_snd_mss)": 16,
  "offsetof(struct tcp_info, tcpi_unacked)": 24,
  "offsetof(struct tcp_info, tcpi_lost)": 32,
  "offsetof(struct tcp_info, tcpi_last_data_sent)": 44,
  "offsetof(struct tcp_info, tcpi_last_data_recv)": 52,
  "offsetof(struct tcp_info, tcpi_rtt)": 68,
  "offsetof(struct tcp_info, tcpi_rttvar)": 72,
  "offsetof(struct tcp_info, tcpi_snd_ssthresh)": 76,
  "offsetof(struct tcp_info, tcpi_snd_cwnd)": 80,
  "offsetof(struct tcp_info, tcpi_total_retrans)": 100,
  "sizeof(socklen_t)": 4,
  "sizeof(size_t)": 8,
  "sizeof(struct msghdr)": MSGHDR.size,
  "offsetof(struct msghdr, msg_iov)": MSGHDR.iov,
  "offsetof(struct msghdr, msg_iovlen)": MSGHDR.iovlen,
  "offsetof(struct msghdr, msg_control)": MSGHDR.control,
  "offsetof(struct msghdr, msg_controllen)": MSGHDR.controllen,
  "offsetof(struct msghdr, msg_flags)": MSGHDR.flags,
  "sizeof(struct iovec)": 16,
  "offsetof(struct iovec, iov_len)": 8,
  "sizeof(struct cmsghdr)": CMSGHDR.size,
  "offsetof(struct cmsghdr, cmsg_level)": CMSGHDR.level,
  "offsetof(struct cmsghdr, cmsg_type)": CMSGHDR.type,
  "CMSG_LEN(0)": CMSGHDR.size,
  "CMSG_SPACE(4)": CMSGHDR.size + 8,
  "sizeof(struct winsize)": 8,
  "offsetof(struct winsize, ws_col)": 2,
  "sizeof(off_t)": 8,
  TIOCSWINSZ: numbers.TIOCSWINSZ,
  IF_NAMESIZE: 16,
  SHUT_WR: numbers.SHUT_WR,
  SHUT_RDWR: numbers.SHUT_RDWR,
};

/** All constants of the bindings, by their names in C. */
function constants(): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [group, values] of Object.entries(numbers)) {
    if (typeof values !== "object" || group === "EPOLL_EVENT") continue;
    for (const [key, value] of Object.entries(values)) {
      const name = `${PREFIXES[group] ?? `${group}_`}${key}`;
      found[IN_C[name] ?? name] = value;
    }
  }
  return found;
}

testWith("cc", "Constants and layouts are those of the headers of this system", async () => {
  if (Deno.build.os !== "linux") return;
  const expected = { ...constants(), ...LAYOUTS };
  const names = Object.keys(expected);
  const headers = ["stdio.h", "stddef.h", "errno.h", "fcntl.h", "sys/socket.h", "sys/un.h"];
  headers.push(
    "sys/epoll.h",
    "sys/eventfd.h",
    "sys/ioctl.h",
    "netinet/in.h",
    "net/if.h",
    "linux/tcp.h",
  );
  const program = [
    "#define _GNU_SOURCE",
    ...headers.map((name) => `#include <${name}>`),
    "int main(void) {",
    ...names.map((name) => `  printf("%lld\\n", (long long)(${name}));`),
    "}",
  ].join("\n");
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/numbers.c`, program);
    await outputOf("cc", ["-o", `${folder}/numbers`, `${folder}/numbers.c`]);
    const values = (await outputOf(`${folder}/numbers`, [])).trim().split("\n").map(Number);
    assertEquals(Object.fromEntries(names.map((name, i) => [name, values[i]])), expected);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
