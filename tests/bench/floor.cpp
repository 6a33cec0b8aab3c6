// crier_floor: the least that a server of the wire contract can do on epoll, the yardstick of the
// bench. It does not parse JSON: a fixed scan finds the uid, a hash finds the connections, the
// frame is built once into the turn's arena, and each connection that has something to hear gets
// one write per turn. Replies leave in one write per read, before the deliveries, because then the
// back end is awake already when the rest comes.
//
// It is lean, not careless: bytes that the kernel does not take wait for their turn. What it leaves
// out it refuses: a fragmented or over-long client message ends that connection.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>

#include "floor/server.hpp"

namespace {

sockaddr_in address_of(const std::string& text)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    const std::size_t colon = text.rfind(':');
    const int port = colon == text.npos ? 0 : std::atoi(text.c_str() + colon + 1);
    if (port < 1 || port > 65535 ||
        inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1)
    {
        std::fprintf(stderr, "crier_floor: %s is not an IPv4 ADDRESS:PORT\n", text.c_str());
        std::exit(2);
    }
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

constexpr const char* usage =
    "crier_floor: the bare epoll server that the others are measured against\n"
    "\n"
    "  --clients ADDRESS:PORT   WebSocket clients (default 127.0.0.1:1234)\n"
    "  --backend ADDRESS:PORT   back ends, text lines (default 127.0.0.1:5678)\n"
    "  --read-bytes N           the most that one read takes (default 262144)\n"
    "  --help\n";

} // namespace

int main(int argc, char** argv)
{
    std::string clients = "127.0.0.1:1234";
    std::string backend = "127.0.0.1:5678";
    std::size_t read_bytes = 256 * 1024;
    for (int i = 1; i < argc; ++i) {
        const std::string_view flag = argv[i];
        if (flag == "--help") {
            std::fputs(usage, stdout);
            return 0;
        }
        if (i + 1 < argc && flag == "--clients") {
            clients = argv[++i];
        } else if (i + 1 < argc && flag == "--backend") {
            backend = argv[++i];
        } else if (i + 1 < argc && flag == "--read-bytes") {
            read_bytes = std::clamp(std::strtoul(argv[++i], nullptr, 10), 1ul, 1ul << 30);
        } else {
            std::fprintf(stderr, "crier_floor: what is %s?\n\n%s", argv[i], usage);
            return 2;
        }
    }
    signal(SIGPIPE, SIG_IGN);
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    bench::server s{address_of(clients), address_of(backend), read_bytes};
    s.run();
}
