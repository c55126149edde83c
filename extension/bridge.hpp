// The border between C++ and PostgreSQL: the one macro and the one call that cross it.
//
// THE HAZARDS
// - PostgreSQL reports an error by longjmp. It runs no destructor on its way: memory leaks, locks stay taken.
// - A C++ exception that reaches PostgreSQL's C code aborts the process, and the postmaster then ends every
// session
//   of the server, everybody's.
// - A frame that is left by an exception or by `return` while PG_exception_stack still points into it makes
// the next
//   error jump into garbage. So nobody writes PG_TRY here.
// - An error that is caught and not passed on leaves locks, buffers and the transaction in disorder.
//
// THE RULES
// 1. SQL enters C++ through SQL_FUNCTION and nothing else: pg::entry turns every exception into an error of
//    PostgreSQL's, raised when no C++ object is alive any more.
// 2. C++ calls PostgreSQL through pg::call and nothing else, if the callee can raise an error (palloc can):
// the error
//    becomes an exception. The lambda must own no object with a destructor: only plain values and pointers.
// 3. Nobody swallows pg::BackendError.
// 4. Callbacks that PostgreSQL calls (transaction end, invalidation) are extern "C", noexcept, and do plain
// work. SQLSTATE, DETAIL and HINT survive the crossing in both directions.
#pragma once

#include "postgres.hpp"

namespace pg {

// An error of ours, on its way to the SQL caller.
class SqlError : public std::exception {
 public:
  SqlError(int sqlstate, std::string message, std::string detail = {}, std::string hint = {})
      : sqlstate_(sqlstate),
        message_(std::move(message)),
        detail_(std::move(detail)),
        hint_(std::move(hint)) {}

  int sqlstate() const { return sqlstate_; }
  const std::string& message() const { return message_; }
  const std::string& detail() const { return detail_; }  // empty: none
  const std::string& hint() const { return hint_; }      // empty: none
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  int sqlstate_;
  std::string message_;
  std::string detail_;
  std::string hint_;
};

// An error of PostgreSQL's, passing through C++ until pg::entry raises it again unchanged. The data belongs
// to the memory context that was current at the pg::call.
class BackendError : public std::exception {
 public:
  explicit BackendError(ErrorData* data) : data_(data) {}
  ErrorData* data() const { return data_; }
  const char* what() const noexcept override { return data_->message; }

 private:
  ErrorData* data_;
};

// What PostgreSQL must find again when a guarded call is over, however it ends.
class GuardedState {
 public:
  GuardedState() : exception_stack_(PG_exception_stack), error_context_(error_context_stack) {}
  GuardedState(const GuardedState&) = delete;
  GuardedState& operator=(const GuardedState&) = delete;
  ~GuardedState() {
    PG_exception_stack = exception_stack_;
    error_context_stack = error_context_;
  }

 private:
  sigjmp_buf* exception_stack_;
  ErrorContextCallback* error_context_;
};

// Runs backend code; its error becomes a BackendError. Not inlined, because a frame with sigsetjmp spoils the
// optimizer's view of its caller's variables. The result is a plain value, since nothing else survives a
// longjmp.
template <class Function>
[[gnu::noinline]] auto call(Function&& function) -> decltype(function()) {
  using Result = decltype(function());
  static_assert(std::is_void_v<Result> || std::is_trivially_copyable_v<Result>);

  const MemoryContext memory_context = CurrentMemoryContext;
  const GuardedState state;
  sigjmp_buf landing;
  if (sigsetjmp(landing, 0) == 0) {
    PG_exception_stack = &landing;
    return function();
  }
  MemoryContextSwitchTo(memory_context);
  ErrorData* const data = CopyErrorData();
  FlushErrorState();
  throw BackendError(data);
}

class Arguments;  // values.hpp

// Runs the body of a SQL function; every exception becomes an error of PostgreSQL's. Call it through
// SQL_FUNCTION.
Datum entry(FunctionCallInfo fcinfo, Datum (*body)(const Arguments&));

}  // namespace pg

// Defines the C++ function behind the SQL function of the same name:
//   SQL_FUNCTION(random_token) { return pg::text(auth::random_token()); }
// The body sees `arguments` (pg::Arguments), may use all of C++, and returns a Datum from values.hpp.
#define SQL_FUNCTION(name)                                                            \
  static Datum name##_body(const pg::Arguments& arguments);                           \
  extern "C" {                                                                        \
  PGDLLEXPORT PG_FUNCTION_INFO_V1(name);                                              \
  PGDLLEXPORT Datum name(PG_FUNCTION_ARGS) { return pg::entry(fcinfo, name##_body); } \
  }                                                                                   \
  static Datum name##_body([[maybe_unused]] const pg::Arguments& arguments)
