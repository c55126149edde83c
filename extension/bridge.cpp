#include "bridge.hpp"

#include "values.hpp"

namespace pg {
namespace {

// An error's texts in plain memory of the frame that raises it, cut at a whole character if they do not fit.
struct Report {
  // Every call of a SQL function makes one, and nearly none is used: so the texts are empty, but not all
  // zeros.
  Report() { message[0] = detail[0] = hint[0] = '\0'; }

  int sqlstate = ERRCODE_INTERNAL_ERROR;
  char message[1024];
  char detail[512];
  char hint[512];
};

template <std::size_t Size>
void copy(char (&target)[Size], std::string_view text) {
  std::size_t length = std::min(text.size(), Size - 1);
  if (length < text.size()) {
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
  }
  std::memcpy(target, text.data(), length);
  target[length] = '\0';
}

// Runs the body. On failure there is either PostgreSQL's own error to raise again, or a report. Not inlined,
// so that every C++ object is gone when the caller raises.
[[gnu::noinline]] Datum run(FunctionCallInfo fcinfo, Datum (*body)(const Arguments&), ErrorData*& error,
                            Report& report, bool& failed) noexcept {
  try {
    return body(Arguments(fcinfo));
  } catch (const BackendError& exception) {
    error = exception.data();
  } catch (const SqlError& exception) {
    report.sqlstate = exception.sqlstate();
    copy(report.message, exception.message());
    copy(report.detail, exception.detail());
    copy(report.hint, exception.hint());
  } catch (const std::bad_alloc&) {
    report.sqlstate = ERRCODE_OUT_OF_MEMORY;
    copy(report.message, "out of memory");
  } catch (const std::invalid_argument& exception) {
    report.sqlstate = ERRCODE_INVALID_PARAMETER_VALUE;
    copy(report.message, exception.what());
  } catch (const std::exception& exception) {
    copy(report.message, exception.what());
  } catch (...) {
    copy(report.message, "unknown C++ exception");
  }
  failed = true;
  return Datum{0};
}

[[noreturn, gnu::noinline]] void raise(const Report& report) {
  ereport(ERROR, (errcode(report.sqlstate), errmsg("%s", report.message),
                  report.detail[0] != '\0' ? errdetail("%s", report.detail) : 0,
                  report.hint[0] != '\0' ? errhint("%s", report.hint) : 0));
  pg_unreachable();
}

}  // namespace

Datum entry(FunctionCallInfo fcinfo, Datum (*body)(const Arguments&)) {
  ErrorData* error = nullptr;
  Report report;
  bool failed = false;
  const Datum result = run(fcinfo, body, error, report, failed);
  if (!failed) return result;
  if (error != nullptr) ReThrowError(error);
  raise(report);
}

}  // namespace pg
