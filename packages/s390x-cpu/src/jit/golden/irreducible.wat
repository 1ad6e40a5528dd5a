;; # A loop with two entries: its middle can be reached without its beginning.
;; # jit entry start
;;         lghi  %r1,7
;;         lghi  %r2,0
;; start:  tmll  %r1,1
;;         jo    middle
;; head:   aghi  %r2,3
;; middle: aghi  %r2,5
;;         brctg %r1,head
;;         svc   255
;;
;; 64-bit mode, 6 guest instructions in 4 blocks, 481 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r1 i64) (local $t16 i32) (local $r2 i64) (local $t18 i64) (local $t19 i64) (local $t20 i64) (local $t21 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_dispatcher
        (block $to_head
          (block $to_middle

            ;; dispatcher: goes on to the block that $next names
            (if (i32.eq (local.get $next) (i32.const 3)) (then (br $to_middle)))

            ;; 10008 start: tmll %r1,1
            (local.set $t16 (i32.and (i32.wrap_i64 (local.get $r1)) (i32.const 1)))
            (local.set $cc
              (select
                (i32.const 0)
                (select
                  (i32.const 3)
                  (i32.add
                    (i32.ne (i32.and (local.get $t16) (i32.shr_u (i32.const 0x80000000) (i32.clz (i32.const 1)))) (i32.const 0))
                    (i32.const 1))
                  (i32.eq (local.get $t16) (i32.const 1)))
                (i32.eqz (local.get $t16))))
            (local.set $cc_kind (i32.const 0))

            ;; 1000c: jo middle
            (if (i32.and (i32.shl (i32.const 1) (local.get $cc)) (i32.const 8)) (then (br $to_middle)))
            (br $to_head)

            ;; leave: where all exits of the block meet
            (br $to_exit)
          )

          ;; 10014 middle: aghi %r2,5
          (local.set $t18 (local.get $r2))
          (local.set $t19 (i64.add (local.get $t18) (i64.const 5)))
          (local.set $r2 (local.get $t19))
          (local.set $t20 (local.get $t18))
          (local.set $cc_b64 (i64.const 5))
          (local.set $cc_a64 (local.get $t20))
          (local.set $cc_kind (i32.const 8))

          ;; 10018: brctg %r1,head
          (local.set $t20 (i64.sub (local.get $r1) (i64.const 1)))
          (local.set $r1 (local.get $t20))
          (local.set $t16 (i64.ne (local.get $t20) (i64.const 0)))
          (if (local.get $t16) (then (br $to_head)))
          (block $to_leave

            ;; 1001c: svc 255
            (local.set $end (i32.const 28))
            (br $to_leave)
            (unreachable)
          )

          ;; leave: where all exits of the block meet
          (br $to_exit)

          ;; leave: where all exits of the block meet
          (br $to_exit)
        )
        (block $to_leave

          ;; 10010 head: aghi %r2,3
          (local.set $t20 (local.get $r2))
          (local.set $t19 (i64.add (local.get $t20) (i64.const 3)))
          (local.set $r2 (local.get $t19))
          (local.set $t18 (local.get $t20))
          (local.set $cc_b64 (i64.const 3))
          (local.set $cc_a64 (local.get $t18))
          (local.set $cc_kind (i32.const 8))
          (local.set $next (i32.const 3))
          (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
          (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
            (local.set $end (i32.const 20))
            (br $to_leave)
          ))
          (br $loop_dispatcher)
        )

        ;; leave: where all exits of the block meet
        (br $to_exit)
      )
      (unreachable)
    )

    ;; exit: the instruction address
    (local.set $address (i64.add (local.get $base) (i64.extend_i32_s (i32.and (local.get $end) (i32.const -2)))))

    ;; store: registers that were changed, condition code, instruction address and budget back into memory
    (i64.store (i32.const 1040) (local.get $r2)) (; %r2 ;)
    (i64.store (i32.const 1032) (local.get $r1)) (; %r1 ;)
    (if (local.get $cc_kind) (then
      (local.set $t21
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t21 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t21)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)
