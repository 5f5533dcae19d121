#include "tape/node.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/fork_mutex.h"
#include "core/pool.h"

namespace ndtape {
namespace {

std::atomic<uint64_t> next_number{1};

// Reached without a call: these few bytes fit the space that loaders keep for such variables.
#if defined(__GLIBC__)
#define NDTAPE_NEAR __attribute__((tls_model("initial-exec")))
#else
#define NDTAPE_NEAR
#endif
// As false: of one that starts as another value, not all linkers get what it starts as right.
NDTAPE_NEAR constinit thread_local bool paused = false;
NDTAPE_NEAR constinit thread_local Node* running = nullptr;

// Nodes that lost their last owner while another one was being destroyed: a chain of a million
// must not nest a million destructors.
NDTAPE_NEAR constinit thread_local Node* dead = nullptr;
NDTAPE_NEAR constinit thread_local bool burying = false;

thread_local Anomaly watched;
std::atomic<uint32_t (*)()> place_now{nullptr};
std::atomic<std::string (*)(uint32_t)> place_text{nullptr};

uint64_t take_number() {
  if (!is_alone()) [[unlikely]]
    return next_number.fetch_add(1, std::memory_order_relaxed);
  const uint64_t number = next_number.load(std::memory_order_relaxed);
  next_number.store(number + 1, std::memory_order_relaxed);
  return number;
}

size_t bytes_of(int inputs) { return sizeof(Input) * static_cast<size_t>(inputs); }

}  // namespace

bool grad_enabled() { return !paused; }
GradMode::GradMode(bool enabled) : previous_(!paused) { paused = !enabled; }
GradMode::~GradMode() { paused = !previous_; }

Node* current_node() { return running; }
CurrentNode::CurrentNode(Node* node) : previous_(running) { running = node; }
CurrentNode::~CurrentNode() { running = previous_; }

std::atomic<int> anomaly_watchers{0};

Anomaly anomaly() { return watched; }
Anomaly set_anomaly(Anomaly now) {
  anomaly_watchers.fetch_add(now.enabled() - watched.enabled(), std::memory_order_relaxed);
  return std::exchange(watched, now);
}

void set_places(uint32_t (*now)(), std::string (*text)(uint32_t)) {
  place_text.store(text);
  place_now.store(now);
}
uint32_t place_in_program() {
  const auto function = place_now.load(std::memory_order_relaxed);
  return function ? function() : 0;
}

std::string recorded_at(const Node& node) {
  const std::string where = node.recorded_at();
  return where.empty() ? where : ", recorded at " + where;
}

Node::Node(const char* name, int inputs)
    : name_(name),
      number_(take_number()),
      count_(inputs),
      place_(place_in_program()),
      inputs_(static_cast<Input*>(inputs <= kInline ? inline_ : pool::allocate(bytes_of(inputs)))) {
  std::uninitialized_default_construct_n(inputs_, inputs);
}

Node::~Node() {
  std::destroy_n(inputs_, count_);
  if (count_ > kInline) pool::release(inputs_, bytes_of(count_));
  if (notes_.load(std::memory_order_relaxed)) [[unlikely]]
    delete_notes();
}

void Node::delete_notes() { delete notes(); }

void Node::renumber() { number_ = take_number(); }

void* Node::operator new(size_t size) { return pool::allocate(size); }
void Node::operator delete(void* p, size_t size) noexcept { pool::release(p, size); }

namespace {
ForkMutex notes_mutex;
}

NotesLock::NotesLock() : locked_(!is_alone()) {
  if (locked_) notes_mutex.lock();
}
NotesLock::~NotesLock() {
  if (locked_) notes_mutex.unlock();
}

bool Node::enter() {
  if ((state_.fetch_add(1, std::memory_order_acq_rel) & kClaimed) == 0) return true;
  leave();
  return false;
}

void Node::leave() {
  const uint32_t before = state_.fetch_sub(1, std::memory_order_acq_rel);
  if ((before & kDue) && (before & ~(kClaimed | kDue)) == 1) free_if_due();
}

bool Node::claim(uint32_t place) {
  if (state_.fetch_or(kClaimed, std::memory_order_acq_rel) & kClaimed) return false;
  freed_at_.store(place, std::memory_order_relaxed);
  return true;
}

void Node::give_up_claim() { state_.fetch_and(~kClaimed, std::memory_order_acq_rel); }

void Node::free() {
  // Who enters now leaves at once, and reads nothing.
  if ((state_.load(std::memory_order_acquire) & ~kClaimed) == 0) return let_go();
  const uint32_t before = state_.fetch_or(kDue, std::memory_order_acq_rel);
  if ((before & ~(kClaimed | kDue)) == 0) free_if_due();
}

void Node::free_if_due() {
  if (state_.fetch_and(~kDue, std::memory_order_acq_rel) & kDue) let_go();
}

void Node::let_go() {
  std::vector<Notes::Hook> hooks;  // none will be called again
  if (Notes* const n = notes()) {
    const NotesLock lock;
    hooks.swap(n->hooks);
  }
  free_saved();
}

namespace {

std::string text_of(uint32_t place) {
  const auto function = place_text.load();
  return place > 0 && function ? function(place) : std::string();
}

}  // namespace

std::string Node::recorded_at() const { return text_of(place_); }
std::string Node::freed_at() const { return text_of(freed_at_.load(std::memory_order_relaxed)); }

bool Node::forward(const Tensor*, Tensor*) { return false; }
Tensor Node::rule(int, const Tensor&) { return {}; }

Notes& Node::make_notes() {
  if (!notes()) {
    auto made = std::make_unique<Notes>();
    Notes* none = nullptr;
    if (notes_.compare_exchange_strong(none, made.get(), std::memory_order_acq_rel)) made.release();
  }
  return *notes();
}

void Node::destroy() {
  next_dead_ = dead;
  dead = this;
  if (burying) return;
  burying = true;
  while (dead) {
    Node* node = dead;
    dead = node->next_dead_;
    delete node;
  }
  burying = false;
}

}  // namespace ndtape
