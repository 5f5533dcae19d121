#include "tape/node.h"

#include <atomic>
#include <string>

#include "core/pool.h"

namespace ndtape {
namespace {

std::atomic<uint64_t> next_number{1};

thread_local bool recording = true;
thread_local Node* running = nullptr;

// Nodes that lost their last owner while another one was being destroyed: a chain of a million
// must not nest a million destructors.
thread_local Node* dead = nullptr;
thread_local bool burying = false;

}  // namespace

bool grad_enabled() { return recording; }
GradMode::GradMode(bool enabled) : previous_(recording) { recording = enabled; }
GradMode::~GradMode() { recording = previous_; }

Node* current_node() { return running; }
CurrentNode::CurrentNode(Node* node) : previous_(running) { running = node; }
CurrentNode::~CurrentNode() { running = previous_; }

Node::Node(const char* name, int inputs)
    : name_(name),
      number_(next_number.fetch_add(1, std::memory_order_relaxed)),
      count_(inputs),
      inputs_(inputs <= kInline ? inline_ : new Input[inputs]) {}

Node::~Node() {
  if (inputs_ != inline_) delete[] inputs_;
}

void* Node::operator new(size_t size) { return pool::allocate(size); }
void Node::operator delete(void* p, size_t size) noexcept { pool::release(p, size); }

void Node::free() {
  freed_ = true;
  free_saved();
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

Saved::Saved(const Tensor& x, Edge edge, bool is_output)
    : storage_(&x.storage()),
      layout_(x.layout()),
      edge_(std::move(edge)),
      version_(x.storage().version()),
      dtype_(x.dtype()),
      is_output_(is_output) {}

Saved::operator Tensor() const {
  if (storage_->version() != version_) {
    const std::string by = running ? running->name() : "backward";
    throw TapeError(by + ": a tensor of shape " + to_string(layout_.shape) + " and dtype " +
                    name(dtype_) + " that its derivative needs was changed in place after it was " +
                    "recorded (version " + std::to_string(version_) + ", now " +
                    std::to_string(storage_->version()) + "); change a copy instead");
  }
  Ref<TensorImpl> impl(new TensorImpl(dtype_, layout_, storage_));
  if (recording) {
    impl->node = is_output_ ? Ref<Refcounted>(running) : Ref<Refcounted>(edge_.node);
    impl->output_index = edge_.index;
  }
  return Tensor(std::move(impl));
}

}  // namespace ndtape
