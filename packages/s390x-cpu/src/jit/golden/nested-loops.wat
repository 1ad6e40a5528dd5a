;; # A loop in a loop; the inner one is left early.
;; # jit entry outer
;;         lghi  %r1,1
;;         lghi  %r5,0
;; outer:  lghi  %r2,1
;; inner:  lgr   %r3,%r1
;;         msgr  %r3,%r2
;;         agr   %r5,%r3
;;         cgijh %r3,20,next
;;         aghi  %r2,1
;;         cgijl %r2,10,inner
;; next:   aghi  %r1,1
;;         cgijnh %r1,6,outer
;;         svc   255
;;
;; 64-bit mode, 10 guest instructions in 5 blocks, 542 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r2 i64) (local $r1 i64) (local $r3 i64) (local $t18 i64) (local $r5 i64) (local $t20 i64) (local $t21 i64) (local $t22 i64)
    (local $t23 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $r5 (i64.load (i32.const 1064)) (; %r5 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_outer

        ;; 10008 outer: lghi %r2,1
        (local.set $r2 (i64.const 1))
        (loop $loop_inner
          (block $to_next

            ;; 1000c inner: lgr %r3,%r1
            (local.set $r3 (local.get $r1))

            ;; 10010: msgr %r3,%r2
            (local.set $t18 (local.get $r2))
            (local.set $r3 (i64.mul (local.get $r3) (local.get $t18)))

            ;; 10014: agr %r5,%r3
            (local.set $t18 (local.get $r3))
            (local.set $t20 (local.get $r5))
            (local.set $t21 (i64.add (local.get $t20) (local.get $t18)))
            (local.set $r5 (local.get $t21))
            (local.set $t22 (local.get $t20))
            (local.set $cc_b64 (local.get $t18))
            (local.set $cc_a64 (local.get $t22))
            (local.set $cc_kind (i32.const 8))

            ;; 10018: cgijh %r3,20,next
            (local.set $t22 (local.get $r3))
            (if (i64.gt_s (local.get $t22) (i64.const 20)) (then (br $to_next)))
            (block $to_leave

              ;; 1001e: aghi %r2,1
              (local.set $t22 (local.get $r2))
              (local.set $t21 (i64.add (local.get $t22) (i64.const 1)))
              (local.set $r2 (local.get $t21))
              (local.set $t20 (local.get $t22))
              (local.set $cc_b64 (i64.const 1))
              (local.set $cc_a64 (local.get $t20))
              (local.set $cc_kind (i32.const 8))

              ;; 10022: cgijl %r2,10,inner
              (local.set $t20 (local.get $r2))
              (if (i64.lt_s (local.get $t20) (i64.const 10)) (then
                (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
                (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                  (local.set $end (i32.const 12))
                  (br $to_leave)
                ))
                (br $loop_inner)
              ))
              (br $to_next)
            )

            ;; leave: where all exits of the block meet
            (br $to_exit)

            ;; leave: where all exits of the block meet
            (br $to_exit)
          )
          (block $to_leave

            ;; 10028 next: aghi %r1,1
            (local.set $t20 (local.get $r1))
            (local.set $t21 (i64.add (local.get $t20) (i64.const 1)))
            (local.set $r1 (local.get $t21))
            (local.set $t22 (local.get $t20))
            (local.set $cc_b64 (i64.const 1))
            (local.set $cc_a64 (local.get $t22))
            (local.set $cc_kind (i32.const 8))

            ;; 1002c: cgijnh %r1,6,outer
            (local.set $t22 (local.get $r1))
            (if (i64.le_s (local.get $t22) (i64.const 6)) (then
              (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
              (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
                (local.set $end (i32.const 8))
                (br $to_leave)
              ))
              (br $loop_outer)
            ))
            (block $to_leave'

              ;; 10032: svc 255
              (local.set $end (i32.const 50))
              (br $to_leave')
              (unreachable)
            )

            ;; leave: where all exits of the block meet
            (br $to_exit)
          )

          ;; leave: where all exits of the block meet
          (br $to_exit)
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
    (i64.store (i32.const 1048) (local.get $r3)) (; %r3 ;)
    (i64.store (i32.const 1064) (local.get $r5)) (; %r5 ;)
    (i64.store (i32.const 1032) (local.get $r1)) (; %r1 ;)
    (if (local.get $cc_kind) (then
      (local.set $t23
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t23 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t23)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)
