// REFUSED: use of deleted function
#include <indrik/indrik.hpp>

indrik::Task<> tell(indrik::AsyncWriter& out) { co_await out.send({.data = "twice destroyed by GCC 12"}); }
