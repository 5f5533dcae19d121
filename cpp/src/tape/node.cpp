#include "tape/node.h"

#include <atomic>
#include <string>
#include <utility>

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
NDTAPE_NEAR constinit thread_local bool recording = true;
NDTAPE_NEAR constinit thread_local Node* running = nullptr;

// Nodes that lost their last owner while another one was being destroyed: a chain of a million
// must not nest a million destructors.
NDTAPE_NEAR constinit thread_local Node* dead = nullptr;
NDTAPE_NEAR constinit thread_local bool burying = false;

thread_local Anomaly watched;
std::atomic<std::string (*)()> trace{nullptr};

uint64_t take_number() {
  if (!is_alone()) return next_number.fetch_add(1, std::memory_order_relaxed);
  const uint64_t number = next_number.load(std::memory_order_relaxed);
  next_number.store(number + 1, std::memory_order_relaxed);
  return number;
}

}  // namespace

bool grad_enabled() { return recording; }
GradMode::GradMode(bool enabled) : previous_(recording) { recording = enabled; }
GradMode::~GradMode() { recording = previous_; }

Node* current_node() { return running; }
CurrentNode::CurrentNode(Node* node) : previous_(running) { running = node; }
CurrentNode::~CurrentNode() { running = previous_; }

std::atomic<int> anomaly_watchers{0};

Anomaly anomaly() { return watched; }
Anomaly set_anomaly(Anomaly now) {
  anomaly_watchers.fetch_add(now.enabled() - watched.enabled(), std::memory_order_relaxed);
  return std::exchange(watched, now);
}

void set_trace(std::string (*function)()) { trace.store(function); }
std::string where_in_program() {
  const auto function = trace.load();
  return function ? function() : std::string();
}

std::string recorded_at(const Node& node) {
  const Notes* notes = node.notes();
  return notes && !notes->where.empty() ? ", recorded at " + notes->where : std::string();
}

Node::Node(const char* name, int inputs)
    : name_(name),
      number_(take_number()),
      count_(inputs),
      inputs_(inputs <= kInline ? inline_ : new Input[inputs]) {}

Node::~Node() {
  if (inputs_ != inline_) delete[] inputs_;
}

void Node::renumber() { number_ = take_number(); }

void* Node::operator new(size_t size) { return pool::allocate(size); }
void Node::operator delete(void* p, size_t size) noexcept { pool::release(p, size); }

void Node::free() {
  freed_ = true;
  if (notes_) notes_->hooks.clear();  // none will be called again
  free_saved();
}

bool Node::forward(const Tensor*, Tensor*) { return false; }
Tensor Node::rule(int, const Tensor&) { return {}; }

Notes& Node::make_notes() {
  if (!notes_) notes_ = std::make_unique<Notes>();
  return *notes_;
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
