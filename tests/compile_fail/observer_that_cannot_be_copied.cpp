// expect: observers are copied into the server: give them pointers or references to what they share
#include <crier/observer.hpp>

#include <mutex>

struct event_log : crier::observer
{
#ifdef CRIER_MISTAKE
    std::mutex guard;
#else
    std::mutex* guard;
#endif
};
static_assert(crier::check_observer<event_log>());
