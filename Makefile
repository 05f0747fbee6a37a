VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready-dev

.PHONY: demo test bounds lint bench clean

demo: $(VENV)/.ready-app
	$(BIN)/seimbang demo

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

bounds: $(READY)
	CI=true OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/contracts/test_bounds.py

lint: $(READY)
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/mypy

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
	$(BIN)/python benchmarks/parallel.py --ray
	$(BIN)/python benchmarks/kills.py --way workers
	$(BIN)/python benchmarks/kills.py --way work
	$(BIN)/python benchmarks/kills.py --way ray

$(VENV)/.ready-%: pyproject.toml constraints.txt
	test -x $(BIN)/python || python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile -c constraints.txt -e '.[$*]'
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache
