VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready-dev

# PyTorch for a GPU is some 6 GB with its libraries, for the processor alone 0.2 GB, from an index of its own.
TORCH_CPU := https://download.pytorch.org/whl/cpu
REACHABLE = $(BIN)/python -c "import urllib.request as u; u.urlopen('$(TORCH_CPU)/torch/', timeout=5)" 2>/dev/null
CHOOSE_INDEX = index=""; \
	if command -v nvidia-smi >/dev/null; then size=6; torch="PyTorch for the GPU"; \
	elif $(REACHABLE); then size=0.6; torch="PyTorch for the processor"; index="--extra-index-url $(TORCH_CPU)"; \
	else size=6; torch="PyTorch of the usual index; its own for the processor, 0.6 GB in all, cannot be reached"; fi
UV := $(shell command -v uv 2>/dev/null)
INSTALL = $(if $(UV),uv pip install --quiet --python $(BIN)/python --index-strategy unsafe-best-match,$\
	$(BIN)/python -m pip install --quiet --no-compile)

.PHONY: demo test bounds wheel hostile lint docs bench soak fuzz clean

demo: $(VENV)/.ready-app
	$(BIN)/seimbang demo

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

bounds: $(READY)
	CI=true OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/contracts/test_bounds.py

wheel: $(READY)
	SEIMBANG_WHEEL=1 $(BIN)/python -m pytest tests/test_package.py

hostile: $(READY)
	SEIMBANG_FULL_DISKS=20 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q tests/hostile tests/datasets/test_no_hang.py tests/imaging/test_imaging_damage.py

lint: $(READY)
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/mypy

docs: $(VENV)/.ready-docs
	$(BIN)/mkdocs build --strict

bench: $(READY)
	$(BIN)/python benchmarks/smote_memory.py
	$(BIN)/python benchmarks/keras_vs_seimbang.py
	$(BIN)/python benchmarks/cnn_vs_keras.py
	$(BIN)/python benchmarks/resnet50_vs_keras.py
	$(BIN)/python benchmarks/features.py
	$(BIN)/python benchmarks/augmentation.py
	$(BIN)/python benchmarks/near_duplicates.py
	$(BIN)/python benchmarks/svm.py
	$(BIN)/python benchmarks/bare.py
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/worker.py
	$(BIN)/python benchmarks/parallel.py --ray
	$(BIN)/python benchmarks/kills.py --way workers
	$(BIN)/python benchmarks/kills.py --way serial
	$(BIN)/python benchmarks/kills.py --way work
	$(BIN)/python benchmarks/kills.py --way ray

# RUN is the folder of a run of images.
soak: $(READY)
	$(BIN)/python benchmarks/soak.py $(RUN)

fuzz: $(READY)
	$(BIN)/python benchmarks/fuzz.py --minutes 10

$(VENV)/.ready-%: pyproject.toml constraints.txt
	test -x $(BIN)/python || python3 -m venv $(VENV)
	@$(CHOOSE_INDEX); echo "Installing into $(VENV): up to $$size GB are downloaded ($$torch)"; \
	$(INSTALL) $$index -c constraints.txt -e '.[$*]'
	touch $@

clean:
	rm -rf $(VENV) site .mypy_cache .pytest_cache .ruff_cache
