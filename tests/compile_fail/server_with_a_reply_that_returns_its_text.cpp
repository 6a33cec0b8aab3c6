// expect: a reply has `void write(const crier::line_result&, std::string& out) const`, public
// without: registry has
#include <crier/crier.hpp>

struct answer
{
#ifdef CRIER_MISTAKE
    std::string write(const crier::line_result&) const;
#else
    void write(const crier::line_result&, std::string& out) const;
#endif
};

using pages = crier::clients<crier::tcp, crier::websocket>;
using scripts = crier::backend<crier::tcp, crier::text_line, answer>;

crier::push_server<pages, scripts> server;
