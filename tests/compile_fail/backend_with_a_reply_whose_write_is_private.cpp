// expect: a reply has `void write(const crier::line_result&, std::string& out) const`, public
#include <crier/codec/text_line.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

class answer
{
#ifndef CRIER_MISTAKE
public:
#endif
    void write(const crier::line_result&, std::string& out) const;
};
crier::backend<crier::tcp, crier::text_line, answer> listener;
