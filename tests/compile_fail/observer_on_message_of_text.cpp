// expect: the signature is `void on_message(const crier::connection&, crier::message_view)`, public
#include <crier/observer.hpp>

struct event_log : crier::observer
{
#ifdef CRIER_MISTAKE
    void on_message(const crier::connection&, std::string_view);
#else
    void on_message(const crier::connection&, crier::message_view);
#endif
};
static_assert(crier::check_observer<event_log>());
