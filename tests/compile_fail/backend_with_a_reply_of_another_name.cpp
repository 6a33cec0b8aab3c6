// expect: and a reply, which has `void write(const crier::line_result&, std::string&) const`
#include <crier/codec/text_line.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

struct answer
{
#ifdef CRIER_MISTAKE
    std::string operator()(const crier::line_result&) const;
#else
    void write(const crier::line_result&, std::string& out) const;
#endif
};
crier::backend<crier::tcp, crier::text_line, answer> listener;
