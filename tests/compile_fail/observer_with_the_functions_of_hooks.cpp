// expect: on_close and on_opening are the hooks' (crier/hooks.hpp); observers have on_end and on_open
#include <crier/observer.hpp>

struct event_log : crier::observer
{
#ifdef CRIER_MISTAKE
    void on_close(const crier::connection&, crier::error_code); // nobody would ever call it
#else
    void on_end(const crier::connection&, crier::error_code);
#endif
};
static_assert(crier::check_observer<event_log>());
