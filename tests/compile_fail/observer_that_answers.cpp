// expect: the signature is `void on_push(const crier::push_result&)`, public
#include <crier/observer.hpp>

struct event_log : crier::observer
{
#ifdef CRIER_MISTAKE
    bool on_push(const crier::push_result&);
#else
    void on_push(const crier::push_result&);
#endif
};
static_assert(crier::check_observer<event_log>());
