#include "pid_file.hpp"

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace push_server {
namespace {

std::runtime_error failure(const std::string& what, const std::string& path)
{
    return std::runtime_error("cannot " + what + " the pid file " + path + ": " +
                              std::generic_category().message(errno));
}

/// The process that holds a lock on the open file. Unlike flock(2), these locks can be looked at
/// without taking one, which would make a server that starts just then believe that another runs.
std::optional<pid_t> lock_holder(int file, const std::string& path)
{
    struct flock lock
    {};
    lock.l_type = F_RDLCK;
    lock.l_whence = SEEK_SET;
    if (::fcntl(file, F_GETLK, &lock) == -1)
        throw failure("look at", path);
    if (lock.l_type == F_UNLCK)
        return std::nullopt;
    if (lock.l_pid <= 0)
        throw std::runtime_error("the pid file " + path +
                                 " is held by a process of another container or machine");
    return lock.l_pid;
}

bool try_to_lock(int file)
{
    struct flock lock
    {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return ::fcntl(file, F_SETLK, &lock) == 0;
}

/// False if the file was removed, or replaced, since it was opened.
bool is_still_at(int file, const std::string& path)
{
    struct stat opened, named;
    return ::fstat(file, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

int open_and_lock(const std::string& path)
{
    for (;;) {
        const int file =
            ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
        if (file == -1)
            throw failure("open", path);
        if (try_to_lock(file)) {
            if (is_still_at(file, path))
                return file;
            ::close(file); // the process that held it has just removed it
            continue;
        }
        const bool held = errno == EACCES || errno == EAGAIN;
        const std::runtime_error refused = failure("lock", path);
        std::optional<pid_t> other;
        try {
            if (held)
                other = lock_holder(file, path);
        } catch (...) {
            ::close(file);
            throw;
        }
        ::close(file);
        if (!held)
            throw refused;
        if (other)
            throw std::runtime_error("already running, as process " + std::to_string(*other) +
                                     " (" + path + ")");
        // It ended between the two looks.
    }
}

} // namespace

pid_file::pid_file(std::string path) : path_(std::move(path)), file_(open_and_lock(path_))
{
    const std::string text = std::to_string(::getpid()) + '\n';
    if (::ftruncate(file_, 0) == -1 ||
        ::write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    {
        const std::runtime_error refused = failure("write", path_);
        ::close(file_);
        throw refused;
    }
}

pid_file::~pid_file()
{
    if (is_still_at(file_, path_))
        ::unlink(path_.c_str());
    ::close(file_);
}

std::optional<pid_t> pid_file::holder(const std::string& path)
{
    // Neither a link to a file that another program holds, nor a pipe that lets us wait.
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file == -1) {
        if (errno == ENOENT)
            return std::nullopt;
        throw failure("open", path);
    }
    struct closer
    {
        int file;
        ~closer() { ::close(file); }
    } const guard{file};
    return lock_holder(file, path);
}

} // namespace push_server
