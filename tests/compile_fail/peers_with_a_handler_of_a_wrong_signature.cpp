// expect: the signature is `void on_message(crier::connection&, crier::message_view)`
#include <crier/codec/text_line.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

struct echo : crier::hooks
{
#ifdef CRIER_MISTAKE
    void on_message(crier::connection& c, std::string_view message);
#else
    void on_message(crier::connection& c, crier::message_view message);
#endif
};
crier::peers<crier::tcp, crier::text_line, echo> listener;
