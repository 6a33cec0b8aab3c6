// expect: put that last which decides latest
#include <crier/authenticator/every.hpp>
#include <crier/authenticator/peer_credentials.hpp>
#include <crier/authenticator/shared_secret.hpp>

#ifdef CRIER_MISTAKE
crier::every<crier::shared_secret, crier::peer_credentials>
    guard; // nobody would ask for the secret
#else
crier::every<crier::peer_credentials, crier::shared_secret> guard;
#endif
