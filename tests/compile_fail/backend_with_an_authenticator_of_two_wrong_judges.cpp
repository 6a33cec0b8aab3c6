// expect: an authenticator has `crier::verdict judge(const crier::question&)`, public
#include <crier/codec/text_line.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

struct doorkeeper
{
#ifdef CRIER_MISTAKE
    bool judge(std::string_view password);
    bool judge(const crier::connection&);
#else
    crier::verdict judge(const crier::question&);
#endif
};
crier::backend<crier::tcp, crier::text_line, doorkeeper> listener;
