// expect: the signature is `void on_end(const crier::connection&, crier::error_code)`, public
#include <crier/observer.hpp>

struct event_log : crier::observer
{
#ifdef CRIER_MISTAKE
    void on_end(const crier::connection&);
#else
    void on_end(const crier::connection&, crier::error_code);
#endif
};
static_assert(crier::check_observer<event_log>());
