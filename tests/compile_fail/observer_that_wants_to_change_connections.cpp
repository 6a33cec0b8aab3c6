// expect: the signature is `void on_accept(const crier::connection&)`, public
#include <crier/observer.hpp>

struct event_log : crier::observer
{
#ifdef CRIER_MISTAKE
    void on_accept(crier::connection&);
#else
    void on_accept(const crier::connection&);
#endif
};
static_assert(crier::check_observer<event_log>());
